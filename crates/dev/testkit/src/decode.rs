//! Decoders in child processes: H.264 to grey pictures, Opus to mono sound. Frame for frame:
//! what went in n-th comes out n-th, so that its time is known without the decoder.

use palco_base::{Fault, MediaTime};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::demux::opus_samples;

/// An ffmpeg that is ended when this is dropped.
struct Decoder(Child);

impl Drop for Decoder {
    fn drop(&mut self) {
        // Ended by itself when its input closed, most of the time.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ffmpeg(args: &[&str]) -> Result<(Decoder, ChildStdin, ChildStdout), Fault> {
    let failed = |e: &dyn std::fmt::Display| {
        Fault::unavailable("no_ffmpeg", "Watching needs the program ffmpeg.").internal(e)
    };
    let mut child = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-flags", "low_delay"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| failed(&e))?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let decoder = Decoder(child);
    let (stdin, stdout) = pipes.ok_or_else(|| failed(&"no pipes"))?;
    Ok((decoder, stdin, stdout))
}

/// When a coded frame came and when it is to be shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stamp {
    /// On the session's [timeline](palco_client::Timeline).
    pub time: MediaTime,
    /// When its first packet came.
    pub arrived: MediaTime,
}

/// A decoded picture.
#[derive(Debug)]
pub struct Grey {
    /// Of its coded frame.
    pub stamp: Stamp,
    /// Luma.
    pub bytes: Vec<u8>,
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// H.264 in, pictures out through a callback on a thread of its own. After a loss begin a new
/// one at a key frame: a decoder that skips a broken frame would move all stamps.
pub struct Pictures {
    input: Option<ChildStdin>,
    stamps: Sender<Stamp>,
    _decoder: Decoder,
    thread: Option<JoinHandle<()>>,
}

impl Pictures {
    /// Starts a decoder.
    ///
    /// # Errors
    /// When there is no ffmpeg.
    pub fn start(on_picture: impl FnMut(Grey) + Send + 'static) -> Result<Self, Fault> {
        let (decoder, input, output) = ffmpeg(&[
            "-probesize",
            "32",
            "-analyzeduration",
            "0",
            "-threads",
            "1",
            "-f",
            "h264",
            "-i",
            "pipe:0",
            "-fps_mode",
            "passthrough",
            "-pix_fmt",
            "gray",
            "-strict",
            "-1",
            "-f",
            "yuv4mpegpipe",
            "pipe:1",
        ])?;
        let (stamps, receiver) = channel();
        let thread = std::thread::spawn(move || {
            // Ends with the decoder's output, whole or cut.
            let _ = read_pictures(BufReader::new(output), &receiver, on_picture);
        });
        Ok(Self { input: Some(input), stamps, _decoder: decoder, thread: Some(thread) })
    }

    /// Decodes an access unit; false when the decoder is gone.
    pub fn push(&mut self, unit: &[u8], stamp: Stamp) -> bool {
        let Some(input) = &mut self.input else { return false };
        self.stamps.send(stamp).is_ok() && input.write_all(unit).is_ok()
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        // The decoder gives what it holds when its input ends.
        self.input = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read_pictures(
    mut from: impl BufRead,
    stamps: &Receiver<Stamp>,
    mut on_picture: impl FnMut(Grey),
) -> std::io::Result<()> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let word = |mark: char| {
        let number = line.split_ascii_whitespace().find_map(|w| w.strip_prefix(mark)?.parse::<usize>().ok());
        number.ok_or(std::io::ErrorKind::InvalidData)
    };
    let (width, height) = (word('W')?, word('H')?);
    loop {
        line.clear();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let mut bytes = vec![0; width * height];
        from.read_exact(&mut bytes)?;
        let Ok(stamp) = stamps.recv() else { return Ok(()) };
        on_picture(Grey { stamp, bytes, width, height });
    }
}

/// Opus in, mono 48 kHz sound out through a callback on a thread of its own.
pub struct Sound {
    input: Option<ChildStdin>,
    stamps: Sender<(Stamp, usize)>,
    ogg: Ogg,
    _decoder: Decoder,
    thread: Option<JoinHandle<()>>,
}

impl Sound {
    /// Starts a decoder; the callback gets each packet's stamp and samples.
    ///
    /// # Errors
    /// When there is no ffmpeg.
    pub fn start(mut on_sound: impl FnMut(Stamp, &[f32]) + Send + 'static) -> Result<Self, Fault> {
        let (decoder, mut input, mut output) = ffmpeg(&[
            "-probesize",
            "32",
            "-analyzeduration",
            "0",
            "-threads",
            "1",
            "-f",
            "ogg",
            "-i",
            "pipe:0",
            "-ac",
            "1",
            "-ar",
            "48000",
            "-f",
            "f32le",
            "-flush_packets",
            "1",
            "pipe:1",
        ])?;
        let mut ogg = Ogg::default();
        // A decoder that has gone away shows in the first push.
        let _ = input.write_all(&ogg.headers());
        let (stamps, receiver) = channel::<(Stamp, usize)>();
        let thread = std::thread::spawn(move || {
            let mut waiting: VecDeque<(Stamp, usize)> = VecDeque::new();
            let (mut bytes, mut samples) = (Vec::new(), Vec::new());
            loop {
                let Some((stamp, count)) = waiting.pop_front().or_else(|| receiver.recv().ok()) else {
                    return;
                };
                bytes.resize(count * 4, 0);
                if output.read_exact(&mut bytes).is_err() {
                    return;
                }
                samples.clear();
                samples.extend(bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)));
                on_sound(stamp, &samples);
            }
        });
        Ok(Self { input: Some(input), stamps, ogg, _decoder: decoder, thread: Some(thread) })
    }

    /// Decodes a packet; false when the decoder is gone.
    pub fn push(&mut self, packet: &[u8], stamp: Stamp) -> bool {
        let samples = opus_samples(packet);
        let page = self.ogg.page(packet, samples);
        let Some(input) = &mut self.input else { return false };
        self.stamps.send((stamp, samples as usize)).is_ok() && input.write_all(&page).is_ok()
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.input = None;
        // Lets the thread see the end, should the decoder not.
        self.stamps = channel().0;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes an Ogg Opus stream, a page per packet (RFC 3533, RFC 7845).
#[derive(Default)]
struct Ogg {
    sequence: u32,
    granule: u64,
}

impl Ogg {
    fn headers(&mut self) -> Vec<u8> {
        let mut head = b"OpusHead\x01\x02".to_vec();
        // Pre-skip 0: every sample comes out. 48 kHz, no gain, mapping family 0.
        head.extend([0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]);
        let tags = [b"OpusTags".as_slice(), &[0; 8]].concat();
        [self.write(&head, 2), self.write(&tags, 0)].concat()
    }

    fn page(&mut self, packet: &[u8], samples: u32) -> Vec<u8> {
        self.granule += u64::from(samples);
        self.write(packet, 0)
    }

    fn write(&mut self, packet: &[u8], kind: u8) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.push(kind);
        page.extend(self.granule.to_le_bytes());
        page.extend(1_u32.to_le_bytes());
        page.extend(self.sequence.to_le_bytes());
        self.sequence += 1;
        page.extend([0; 4]);
        // An Opus packet is at most 1275 bytes per frame; what does not fit a page is cut.
        let packet = &packet[..packet.len().min(254 * 255)];
        let full = packet.len() / 255;
        page.push(full as u8 + 1);
        page.extend(std::iter::repeat_n(255, full));
        page.push((packet.len() % 255) as u8);
        page.extend_from_slice(packet);
        let crc = page.iter().fold(0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
                if crc >> 31 == 1 { crc << 1 ^ 0x04c1_1db7 } else { crc << 1 }
            })
        });
        page[22..26].copy_from_slice(&crc.to_le_bytes());
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demux;

    #[test]
    fn what_is_written_as_ogg_is_read_as_ogg() {
        let mut ogg = Ogg::default();
        let mut stream = ogg.headers();
        let packets = [vec![0xfc; 1], vec![0xfc; 255], vec![0xfc; 700]];
        for packet in &packets {
            stream.extend(ogg.page(packet, opus_samples(packet)));
        }
        let read: Vec<_> = demux::opus(&stream).into_iter().map(|f| f.payload.to_vec()).collect();
        assert_eq!(read, packets);
    }
}
