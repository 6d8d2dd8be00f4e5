//! Encoding: ffmpeg is fed planes and samples, and what it made is checked and put in place.

use crate::picture::Frame;
use crate::sound::{RATE, Ring};
use std::fs;
use std::io::{BufWriter, Error, Read, Result, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Frames a second.
pub(crate) const FPS: usize = 30;
/// A new number when the art or the music has changed, so that old files are made again.
const EDITION: u32 = 1;
/// Seconds between the first picture and the tune's first beat. A decoder that has just begun
/// overshoots if the first thing it meets is loud, so a file begins in the breath before.
pub(crate) const UPBEAT: f64 = 0.2;
/// Opus packets before the first that is kept; see [`encode`].
const WARM_UP: usize = 50;
/// Samples in an Opus packet of 20 ms.
const PACKET: usize = RATE / 50;

/// What a file is to be.
pub(crate) struct Format {
    /// Pixels across and down.
    pub(crate) size: (usize, usize),
    /// Pictures in the file.
    pub(crate) frames: usize,
    /// Kilobits a second for the picture.
    pub(crate) kbits: u32,
}

fn title(name: &str) -> String {
    format!("Palco demo: {name}, edition {EDITION}")
}

/// Makes `folder/name.mkv` of the pictures and the sound. The file appears whole or not at all.
///
/// An Opus coder starts from silence, which would be heard as a gap each time round. So it is
/// given the end of the loop first, and the packets of that are dropped.
pub(crate) fn encode(
    folder: &Path,
    name: &str,
    format: &Format,
    sound: &Ring,
    paint: impl FnOnce(&mut dyn FnMut(Frame) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let part = |what: &str| folder.join(format!(".{name}.{}.{what}", std::process::id()));
    let (samples, film) = (part("pcm"), part("mkv"));
    let made = write_sound(&samples, sound).and_then(|()| {
        let mut ffmpeg = start(&samples, &film, name, format)?;
        let fed = feed(&mut ffmpeg, paint);
        end(ffmpeg)?;
        fed?;
        if !whole(&film, name) {
            return Err(Error::other("ffmpeg left a file that is not whole"));
        }
        fs::rename(&film, target(folder, name))
    });
    // What is left after a failure; after success there is nothing to remove but the samples.
    for path in [&samples, &film] {
        let _ = fs::remove_file(path);
    }
    made
}

/// Where a film is kept.
pub(crate) fn target(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.mkv"))
}

/// The loop as 32-bit floats, with its own end before it and its start after it.
fn write_sound(path: &Path, sound: &Ring) -> Result<()> {
    let count = sound.frames.len();
    let mut out = BufWriter::new(fs::File::create(path)?);
    let before = WARM_UP * PACKET + (UPBEAT * RATE as f64) as usize;
    for n in 0..WARM_UP * PACKET + count + 2 * PACKET {
        for value in sound.frames[(n + count - before % count) % count] {
            out.write_all(&value.to_le_bytes())?;
        }
    }
    out.flush()
}

fn start(samples: &Path, film: &Path, name: &str, format: &Format) -> Result<Child> {
    let (width, height) = format.size;
    let packets = format.frames * 50 / FPS;
    let drop = format!("noise=amount=0:drop='lt(n,{WARM_UP})+gte(n,{})'", WARM_UP + packets);
    let kbits = |k: u32| format!("{k}k");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
    ffmpeg.args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709"]);
    ffmpeg.args([
        "-video_size",
        &format!("{width}x{height}"),
        "-framerate",
        &FPS.to_string(),
        "-i",
        "pipe:0",
    ]);
    ffmpeg.args(["-f", "f32le", "-ar", &RATE.to_string(), "-ac", "2", "-i"]).arg(samples);
    ffmpeg.args(["-map", "0:v", "-map", "1:a", "-metadata", &format!("title={}", title(name))]);
    ffmpeg.args(["-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency"]);
    ffmpeg.args(["-pix_fmt", "yuv420p", "-g", "60", "-keyint_min", "60", "-sc_threshold", "0"]);
    ffmpeg.args(["-flags", "+cgop", "-bf", "0", "-x264-params", "aq-mode=3:aq-strength=1.1:deblock=1,1"]);
    ffmpeg.args(["-b:v", &kbits(format.kbits), "-maxrate", &kbits(format.kbits * 5 / 4)]);
    ffmpeg.args(["-bufsize", &kbits(format.kbits * 3 / 2)]);
    ffmpeg.args(["-color_range", "tv", "-colorspace", "bt709", "-color_primaries", "bt709"]);
    ffmpeg.args(["-color_trc", "bt709", "-c:a", "libopus", "-b:a", "96k", "-frame_duration", "20"]);
    ffmpeg.args(["-bsf:a", &format!("{drop},setts=ts=TS-STARTPTS"), "-f", "matroska"]).arg(film);
    ffmpeg.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    ffmpeg.spawn().map_err(|e| Error::new(e.kind(), format!("ffmpeg: {e} (it must be in the PATH)")))
}

fn feed(
    ffmpeg: &mut Child,
    paint: impl FnOnce(&mut dyn FnMut(Frame) -> Result<()>) -> Result<()>,
) -> Result<()> {
    let mut pipe = ffmpeg.stdin.take().ok_or_else(|| Error::other("ffmpeg has no input"))?;
    paint(&mut |frame| pipe.write_all(&frame))
}

/// Waits for ffmpeg, whose input has ended; its own words if it failed.
fn end(mut ffmpeg: Child) -> Result<()> {
    let mut words = String::new();
    if let Some(mut stderr) = ffmpeg.stderr.take() {
        stderr.read_to_string(&mut words)?;
    }
    let status = ffmpeg.wait()?;
    if status.success() { Ok(()) } else { Err(Error::other(format!("ffmpeg: {}", words.trim()))) }
}

/// Whether the film is there, complete, and of this edition.
pub(crate) fn whole(path: &Path, name: &str) -> bool {
    let Ok(mut file) = fs::File::open(path) else { return false };
    let Ok(length) = file.metadata().map(|m| m.len()) else { return false };
    let mut head = vec![0; 8192];
    let Ok(got) = file.read(&mut head) else { return false };
    head.truncate(got);
    let title = title(name);
    segment_end(&head) == Some(length) && head.windows(title.len()).any(|w| w == title.as_bytes())
}

/// Where the one segment of a Matroska file ends, in bytes (RFC 9559 section 5; RFC 8794 section 4 for numbers).
fn segment_end(head: &[u8]) -> Option<u64> {
    let after = |id: &[u8; 4], at: usize| {
        let rest = head.get(at..)?.strip_prefix(id)?;
        let first = *rest.first()?;
        let width = first.leading_zeros() as usize + 1;
        let digits = rest.get(1..width)?;
        let top = u64::from(first) & ((1u64 << (8 - width.min(8))) - 1);
        let size = digits.iter().fold(top, |n, b| n << 8 | u64::from(*b));
        Some((at + 4 + width, size))
    };
    let (start, size) = after(&[0x1A, 0x45, 0xDF, 0xA3], 0)?;
    let segment = start + usize::try_from(size).ok()?;
    let (start, size) = after(&[0x18, 0x53, 0x80, 0x67], segment)?;
    (start as u64).checked_add(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_segment_is_read_and_nonsense_is_not() {
        let file = [0x1A, 0x45, 0xDF, 0xA3, 0x81, 7, 0x18, 0x53, 0x80, 0x67, 0x40, 0x05, 1, 2, 3, 4, 5];
        assert_eq!(segment_end(&file), Some(file.len() as u64));
        assert_eq!(segment_end(&file[..9]), None);
        assert_eq!(segment_end(b"not a film"), None);
        assert_eq!(segment_end(&[]), None);
    }
}
