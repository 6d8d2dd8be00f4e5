//! Media files as open descriptors: reading them at random, and opening them up with `decodebin`.

use crate::elements::make;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSrc, AppSrcCallbacks, AppStreamType};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Read at once when the demuxer does not say how much it wants.
const PIECE: usize = 64 << 10;
/// No demuxer gets more at once.
const LARGEST: usize = 64 << 20;
/// Where a picture's size must stand in a JPEG file.
const HEADER: usize = 512 << 10;

/// Reads as much as there is, up to `length`, from `offset`.
pub(crate) fn read_at(file: &File, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut done = 0;
    while done < length {
        match file.read_at(&mut bytes[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// A source that reads the file wherever the demuxer wants. (`fdsrc` only pushes from the
/// beginning, which several formats cannot be played from, and opening the descriptor again
/// through /proc is what the sandbox forbids.)
pub(crate) fn source(file: File) -> Result<AppSrc, String> {
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let source = AppSrc::builder()
        .stream_type(AppStreamType::RandomAccess)
        .format(gst::Format::Bytes)
        .size(i64::try_from(size).unwrap_or(i64::MAX))
        .max_bytes(0)
        .build();
    let position = Arc::new(AtomicU64::new(0));
    let seek = position.clone();
    let need = move |source: &AppSrc, wanted: u32| {
        let offset = position.load(Ordering::Relaxed);
        let length = if wanted == u32::MAX { PIECE } else { (wanted as usize).min(LARGEST) };
        let length = length.min(usize::try_from(size.saturating_sub(offset)).unwrap_or(LARGEST));
        match read_at(&file, offset, length) {
            Ok(bytes) if !bytes.is_empty() => {
                position.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                let mut buffer = gst::Buffer::from_mut_slice(bytes);
                if let Some(buffer) = buffer.get_mut() {
                    buffer.set_offset(offset);
                }
                // Refused only while the pipeline flushes or stops.
                let _ = source.push_buffer(buffer);
            }
            _ => {
                let _ = source.end_of_stream();
            }
        }
    };
    let callbacks = AppSrcCallbacks::builder().need_data(need).seek_data(move |_, offset| {
        seek.store(offset, Ordering::Relaxed);
        true
    });
    source.set_callbacks(callbacks.build());
    Ok(source)
}

/// What a file turns out to be, told while it is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trait {
    /// One picture that stands still.
    Still,
    /// Its pictures are larger than any we take.
    TooLarge,
    /// Something we have nothing to open with: a text, a playlist, a document.
    Foreign,
}

/// Kinds of elements that are never used to open a file: they would fetch other things.
fn forbidden(factory: &gst::ElementFactory) -> bool {
    let class = factory.metadata("klass").unwrap_or_default();
    class.contains("Adaptive") || class.contains("Network") || class.contains("Source")
}

/// Whether caps name pictures larger than any we take.
pub(crate) fn too_large(caps: &gst::CapsRef) -> bool {
    caps.iter().any(|structure| {
        let size = |name| structure.get::<i32>(name).ok().and_then(|value| u32::try_from(value).ok());
        matches!((size("width"), size("height")), (Some(width), Some(height)) if !palco_mix::fits(width, height))
    })
}

/// A `decodebin` that opens local files only. With `encoded`, streams with these caps are not
/// decoded. `tell` hears what the file turns out to be.
pub(crate) fn decodebin(
    encoded: Option<&gst::Caps>,
    tell: impl Fn(Trait) + Send + Sync + 'static,
) -> Result<gst::Element, String> {
    let bin = make("decodebin")?;
    if let Some(caps) = encoded {
        let mut all = caps.clone();
        all.merge(gst::Caps::new_empty_simple("video/x-raw"));
        all.merge(gst::Caps::new_empty_simple("audio/x-raw"));
        bin.set_property("caps", all);
    }
    let tell = Arc::new(tell);
    let foreign = tell.clone();
    let (first, outermost) = (AtomicBool::new(true), AtomicBool::new(true));
    bin.connect("autoplug-continue", false, move |arguments| {
        if let Some(caps) = arguments.get(2).and_then(|value| value.get::<gst::Caps>().ok()) {
            let image = caps.structure(0).is_some_and(|structure| structure.name().starts_with("image/"));
            if first.swap(false, Ordering::Relaxed) && image {
                tell(Trait::Still);
            }
            if too_large(&caps) {
                tell(Trait::TooLarge);
            }
        }
        Some(true.to_value())
    });
    bin.connect("autoplug-factories", false, move |arguments| {
        let caps = arguments.get(2).and_then(|value| value.get::<gst::Caps>().ok())?;
        let all =
            gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DECODABLE, gst::Rank::MARGINAL);
        let mut all: Vec<gst::ElementFactory> = all.into_iter().collect();
        all.sort_by_key(|factory| std::cmp::Reverse(factory.rank()));
        let fitting = all.into_iter().filter(|factory| {
            let intersects = factory.static_pad_templates().iter().any(|template| {
                template.direction() == gst::PadDirection::Sink && template.caps().can_intersect(&caps)
            });
            intersects && !forbidden(factory)
        });
        let fitting: Vec<_> = fitting.collect();
        if outermost.swap(false, Ordering::Relaxed) && fitting.is_empty() {
            foreign(Trait::Foreign);
        }
        Some(
            gstreamer::glib::ValueArray::new(fitting.into_iter().map(|factory| factory.to_value()))
                .to_value(),
        )
    });
    Ok(bin)
}

/// What the first bytes tell before any decoder sees them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Glance {
    /// Nothing against it.
    Fine,
    /// No bytes at all.
    Empty,
    /// A playlist (RFC 8216 §4.3.1.1): not media but addresses of some, which nobody here may follow.
    Playlist,
    /// An MP4 or MOV file that lacks its index: it was cut off, or never finished.
    Truncated,
    /// A picture whose header claims a size we do not take.
    TooLarge,
}

/// Looks at a file's structure without decoding.
pub(crate) fn glance(file: &File) -> std::io::Result<Glance> {
    let size = file.metadata()?.len();
    if size == 0 {
        return Ok(Glance::Empty);
    }
    let head = read_at(file, 0, HEADER)?;
    if head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).starts_with(b"#EXTM3U") {
        return Ok(Glance::Playlist);
    }
    if let Some((width, height)) = image_size(&head) {
        return Ok(if palco_mix::fits(width, height) { Glance::Fine } else { Glance::TooLarge });
    }
    if head.get(4..8) == Some(b"ftyp") && !has_index(file, size)? {
        return Ok(Glance::Truncated);
    }
    Ok(Glance::Fine)
}

/// Whether an ISO base media file (ISO/IEC 14496-12, 4.2) has a whole `moov` box, or fragments.
fn has_index(file: &File, size: u64) -> std::io::Result<bool> {
    let mut at = 0;
    // A real file has a handful of boxes at its top; a crafted one must not keep us here.
    for _ in 0..10_000 {
        let header = read_at(file, at, 16)?;
        let (Some(short), Some(kind)) = (header.first_chunk::<4>(), header.get(4..8)) else {
            return Ok(false);
        };
        let length = match u32::from_be_bytes(*short) {
            0 => size - at,
            1 => header
                .get(8..16)
                .and_then(|long| long.first_chunk())
                .map_or(0, |long| u64::from_be_bytes(*long)),
            short => u64::from(short),
        };
        let end = at.saturating_add(length);
        if kind == b"moov" {
            return Ok(length >= 8 && end <= size);
        }
        if length < 8 || end >= size {
            return Ok(false);
        }
        at = end;
    }
    Ok(false)
}

/// Size of a PNG or JPEG picture as its header claims it.
fn image_size(head: &[u8]) -> Option<(u32, u32)> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        let word = |at: usize| head.get(at..at + 4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        return Some((word(16)?, word(20)?));
    }
    if !head.starts_with(&[0xFF, 0xD8]) {
        return None;
    }
    // JPEG (ITU-T T.81, B.1.1.4 and B.2.2): segments up to the start of frame.
    let mut at = 2;
    loop {
        let [0xFF, marker] = *head.get(at..at + 2)?.first_chunk()? else { return None };
        let length = usize::from(u16::from_be_bytes(*head.get(at + 2..at + 4)?.first_chunk()?));
        let frame = matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        if frame {
            let word =
                |at: usize| head.get(at..at + 2)?.first_chunk().map(|b| u32::from(u16::from_be_bytes(*b)));
            return Some((word(at + 7)?, word(at + 5)?));
        }
        at += 2 + length.max(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_headers() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        assert_eq!(image_size(&png), Some((30_000, 30_000)));
        let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC2, 0, 11, 8, 0x01, 0x68, 0x02, 0x80, 3];
        assert_eq!(image_size(&jpeg), Some((640, 360)));
        for cut in 0..jpeg.len() - 1 {
            let _ = image_size(&jpeg[..cut]);
        }
        assert_eq!(image_size(b"RIFF"), None);
    }
}
