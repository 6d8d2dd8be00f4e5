//! VP8 over RTP (RFC 7741).

use std::sync::Arc;

/// Length of the payload descriptor, and whether it begins a frame (S = 1, PID = 0).
fn descriptor(payload: &[u8]) -> Option<(usize, bool)> {
    let first = *payload.first()?;
    let begins = first & 0x10 != 0 && first & 0x07 == 0;
    let mut length = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(1)?;
        length += 1;
        if extension & 0x80 != 0 {
            length += if payload.get(length)? & 0x80 != 0 { 2 } else { 1 };
        }
        if extension & 0x40 != 0 {
            length += 1;
        }
        if extension & 0x30 != 0 {
            length += 1;
        }
    }
    Some((length, begins))
}

/// Whether decoding can start at this payload: the first of a key frame.
pub(crate) fn starts_key(payload: &[u8]) -> bool {
    descriptor(payload).is_some_and(|(length, begins)| {
        // RFC 6386 §9.1: bit 0 of the frame tag is clear in key frames.
        begins && payload.get(length).is_some_and(|tag| tag & 1 == 0)
    })
}

/// The frame made of all these payloads, in order, and whether it is a key frame. None if they
/// are broken.
pub(crate) fn assemble(payloads: &[Arc<[u8]>]) -> Option<(Vec<u8>, bool)> {
    let mut bytes = Vec::with_capacity(payloads.iter().map(|p| p.len()).sum());
    let mut whole = false;
    for payload in payloads.iter().filter(|p| !p.is_empty()) {
        let (length, begins) = descriptor(payload)?;
        if bytes.is_empty() {
            whole = begins;
        }
        bytes.extend_from_slice(payload.get(length..)?);
    }
    if !whole {
        return None;
    }
    let key = bytes.first()? & 1 == 0;
    Some((bytes, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn descriptors_of_all_lengths() {
        assert!(starts_key(&[0x10, 0x00]));
        assert!(!starts_key(&[0x10, 0x01]));
        assert!(!starts_key(&[0x00, 0x00]), "not the start of a partition");
        assert!(!starts_key(&[0x11, 0x00]), "not the first partition");
        assert!(starts_key(&[0x90, 0x80, 0x12, 0x00]));
        assert!(starts_key(&[0x90, 0xe0, 0x92, 0x34, 7, 0x20, 0x00]));
        assert!(!starts_key(&[0x90, 0xe0, 0x92]));
        let payloads: Vec<Arc<[u8]>> = vec![
            Arc::from([0x90, 0x80, 0x12, 0x00, 5].as_slice()),
            Arc::from([0x80, 0x80, 0x12, 6].as_slice()),
        ];
        assert_eq!(assemble(&payloads), Some((vec![0, 5, 6], true)));
        assert_eq!(assemble(&payloads[1..]), None);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..16), 0..4)) {
            for payload in &payloads {
                let _ = starts_key(payload);
            }
            let payloads: Vec<Arc<[u8]>> = payloads.into_iter().map(Arc::from).collect();
            let _ = assemble(&payloads);
        }
    }
}
