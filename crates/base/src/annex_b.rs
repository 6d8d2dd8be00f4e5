//! H.264's byte stream.

/// The NAL units of an Annex B byte stream, none empty, without start codes and trailing zeros
/// (ITU-T H.264 Annex B).
pub fn nal_units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = after_start_code(stream, 0);
    std::iter::from_fn(move || {
        loop {
            let begin = at?;
            let end = after_start_code(stream, begin);
            at = end;
            let nal = &stream[begin..end.map_or(stream.len(), |end| end - 3)];
            let length = nal.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
            if length > 0 {
                return Some(&nal[..length]);
            }
        }
    })
}

/// The position after the next three-byte start code.
fn after_start_code(stream: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at + 3 <= stream.len() {
        match stream[at + 2] {
            1 if stream[at] == 0 && stream[at + 1] == 0 => return Some(at + 3),
            0 => at += 1,
            _ => at += 3,
        }
    }
    None
}
