//! Test media: rendered here, coded by an `ffmpeg` from the PATH, kept under `target/testkit`.

use crate::strip::Strip;
use crate::{demux, pulse};
use palco_base::{EncodedFrame, Fault};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Changed when the same spec would give other media.
const VERSION: u32 = 5;
/// What an Opus coder looks ahead (libopus at 48 kHz), in samples. The sound is taken from that
/// much later, so that a decoder which does not know of it (RTP has no pre-skip) is in step.
const LOOK_AHEAD: usize = 312;

/// What test media to make.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spec {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// Pictures per second.
    pub frame_rate: u32,
    /// Length of the loop.
    pub seconds: u32,
    /// The picture's hue: chroma of the background (U, V).
    pub colour: (u8, u8),
    /// The beep, in Hz.
    pub tone: f64,
    /// Target of the picture, in kbit/s.
    pub kbps: u32,
}

impl Spec {
    /// The bot with this number: 640x360p30 for 20 s with a colour and a tone of its own. Tones
    /// are 250 Hz apart, which [`pulse::BeepFinder`]'s 4 ms window tells from each other when
    /// they do not sound at the same time.
    #[must_use]
    pub fn bot(number: u32) -> Self {
        const COLOURS: [(u8, u8); 6] = [(110, 170), (170, 105), (100, 105), (150, 150), (90, 128), (128, 90)];
        let colour = COLOURS[number as usize % COLOURS.len()];
        let tone = 1_000.0 + 250.0 * f64::from(number % 8);
        Self { width: 640, height: 360, frame_rate: 30, seconds: 20, colour, tone, kbps: 700 }
    }

    /// Where its pictures have their strip: at the top, because the mixer writes names at the
    /// bottom.
    #[must_use]
    pub fn strip(&self) -> Strip {
        Strip::top(self.width)
    }

    fn key(&self) -> String {
        let Self { width, height, frame_rate, seconds, colour, tone, kbps } = self;
        let (u, v) = colour;
        format!("v{VERSION}-{width}x{height}p{frame_rate}-{seconds}s-{u}-{v}-{tone:.0}-{kbps}")
    }

    /// One picture, planar YUV 4:2:0.
    #[must_use]
    pub fn picture(&self, index: u32) -> Vec<u8> {
        let (width, height) = (self.width as usize, self.height as usize);
        let millis = (u64::from(index) * 1_000 / u64::from(self.frame_rate)) as u32;
        // A slope that wanders, so that every picture differs and a coder has something to do.
        let mut bytes = vec![0; width * height];
        for (row, pixels) in bytes.chunks_exact_mut(width).enumerate() {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                let wave = (column + row / 2 + index as usize * 3) % 128;
                *pixel = (48 + wave.min(127 - wave)) as u8;
            }
        }
        if pulse::is_flash(millis) {
            let (x, y, w, h) = pulse::PATCH;
            let (width, height) = (f64::from(self.width), f64::from(self.height));
            for row in (y * height) as usize..((y + h) * height) as usize {
                let from = row * self.width as usize;
                bytes[from + (x * width) as usize..from + ((x + w) * width) as usize].fill(235);
            }
        }
        self.strip().paint(&mut bytes, width, millis);
        bytes.resize(width * height * 5 / 4, self.colour.0);
        bytes.resize(width * height * 3 / 2, self.colour.1);
        bytes
    }

    fn sound(&self) -> Vec<u8> {
        let samples = self.seconds as usize * pulse::RATE;
        (0..samples)
            .map(|index| pulse::sample((index + LOOK_AHEAD) % samples, self.tone))
            .flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes())
            .collect()
    }
}

fn failed(what: &str, error: impl std::fmt::Display) -> Fault {
    Fault::unavailable("test_media", format!("Test media could not be made: {what}.")).internal(error)
}

/// `target/testkit` of the build this program is from; the temporary folder if it is from none.
fn folder() -> PathBuf {
    let exe = std::env::current_exe().ok();
    let target =
        exe.as_deref().and_then(|exe| exe.ancestors().find(|f| f.file_name().is_some_and(|n| n == "target")));
    target.map_or_else(|| std::env::temp_dir().join("palco-testkit"), |t| t.join("testkit"))
}

/// The media as a Matroska file with H.264 (constrained baseline, no B-frames, a key frame each
/// second) and Opus (20 ms). Made on first use, then kept.
///
/// # Errors
/// When there is no ffmpeg, or no room.
pub fn file(spec: &Spec) -> Result<PathBuf, Fault> {
    let folder = folder();
    fs::create_dir_all(&folder).map_err(|e| failed("no folder", e))?;
    let path = folder.join(format!("{}.mkv", spec.key()));
    if path.exists() {
        return Ok(path);
    }
    // Others may be making the same: each in a place of its own, then renamed.
    static TURN: AtomicU32 = AtomicU32::new(0);
    let own = format!("{}-{}-{}", spec.key(), std::process::id(), TURN.fetch_add(1, Ordering::Relaxed));
    let (sound, made) = (folder.join(format!("{own}.pcm")), folder.join(format!("{own}.mkv")));
    fs::write(&sound, spec.sound()).map_err(|e| failed("no room for the sound", e))?;
    let result = encode(spec, &sound, &made);
    let _ = fs::remove_file(&sound);
    result?;
    fs::rename(&made, &path).map_err(|e| failed("cannot rename", e))?;
    Ok(path)
}

fn encode(spec: &Spec, sound: &Path, to: &Path) -> Result<(), Fault> {
    let rate = spec.frame_rate.to_string();
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p"]);
    command.args(["-s", &format!("{}x{}", spec.width, spec.height), "-r", &rate, "-i", "pipe:0"]);
    command.args(["-f", "s16le", "-ar", "48000", "-ac", "1", "-i"]).arg(sound);
    command.args([
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-profile:v",
        "baseline",
    ]);
    command.args([
        "-x264-params",
        "aud=1:sliced-threads=0:threads=1:scenecut=0:repeat-headers=1",
        "-bf",
        "0",
    ]);
    command.args(["-g", &rate, "-b:v", &format!("{}k", spec.kbps), "-maxrate", &format!("{}k", spec.kbps)]);
    command.args(["-bufsize", &format!("{}k", spec.kbps), "-c:a", "libopus", "-b:a", "64k", "-ac", "2"]);
    command.args(["-frame_duration", "20", "-application", "audio", "-f", "matroska"]).arg(to);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| failed("ffmpeg does not start", e))?;
    let written = child.stdin.take().map(|stdin| write_pictures(spec, BufWriter::new(stdin)));
    let ended = child.wait_with_output().map_err(|e| failed("ffmpeg", e))?;
    if !ended.status.success() {
        return Err(failed("ffmpeg refused", String::from_utf8_lossy(&ended.stderr)));
    }
    written.transpose().map_err(|e| failed("ffmpeg hung up", e)).map(drop)
}

fn write_pictures(spec: &Spec, mut to: impl Write) -> std::io::Result<()> {
    for index in 0..spec.seconds * spec.frame_rate {
        to.write_all(&spec.picture(index))?;
    }
    to.flush()
}

/// The media as coded frames, times from zero: the picture's strip tells its frame's time, a
/// flash and a beep begin half a second into each second.
///
/// # Errors
/// As [`file`].
pub fn frames(spec: &Spec) -> Result<Vec<EncodedFrame>, Fault> {
    let path = file(spec)?;
    let video = demux::h264(&copy(&path, &["-map", "0:v", "-c", "copy", "-f", "h264"])?, spec.frame_rate);
    let audio = demux::opus(&copy(&path, &["-map", "0:a", "-c", "copy", "-f", "ogg"])?);
    if video.len() != (spec.seconds * spec.frame_rate) as usize || audio.len() < spec.seconds as usize * 50 {
        return Err(failed("it came out too short", format!("{} {}", video.len(), audio.len())));
    }
    Ok(video.into_iter().chain(audio).collect())
}

fn copy(path: &Path, how: &[&str]) -> Result<Vec<u8>, Fault> {
    let file = File::open(path).map_err(|e| failed("it is gone", e))?;
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-i", "pipe:0"])
        .args(how)
        .arg("pipe:1")
        .stdin(file)
        .output()
        .map_err(|e| failed("ffmpeg does not start", e))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(failed("ffmpeg refused", String::from_utf8_lossy(&output.stderr)))
    }
}
