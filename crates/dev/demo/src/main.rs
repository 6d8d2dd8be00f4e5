//! `palco-demo-media`: renders Palco's demo performers.
//!
//! Four musicians play one tune, each in a file of its own that loops without a seam, and one
//! more file fills the pause. Everything is drawn and played by this program; ffmpeg encodes.

// A program that reports on the terminal.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod encode;
mod picture;
mod scene;
mod sound;

use clap::Parser;
use encode::{FPS, Format, UPBEAT};
use scene::{Act, Moment, Stage};
use sound::{Ring, Tune};
use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// Seconds in a performer's loop: eight bars at 80 beats a minute.
const LOOP: f64 = 24.0;
/// Seconds in the pause's loop: the same bars, a little faster.
const PAUSE: f64 = 20.0;

/// Render the demo's performers.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Folder for the films; those that are there and whole are kept
    #[arg(long)]
    out: PathBuf,
    /// Only these films, by name
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// In place of films, one picture of each at this second (raw yuv420p)
    #[arg(long, value_name = "SECOND")]
    still: Option<f64>,
}

/// One film to make.
struct Film {
    name: &'static str,
    format: Format,
    act: fn(&Tune) -> Box<dyn Act>,
    sound: fn(&Tune) -> Ring,
}

fn films() -> [Film; 5] {
    let small = || Format { size: (640, 360), frames: LOOP as usize * FPS, kbits: 820 };
    let large = Format { size: (1280, 720), frames: PAUSE as usize * FPS, kbits: 1800 };
    [
        Film { name: "keys", format: small(), act: |t| Box::new(scene::Keys::new(t)), sound: sound::keys },
        Film { name: "bass", format: small(), act: |t| Box::new(scene::Bass::new(t)), sound: sound::bass },
        Film { name: "drums", format: small(), act: |t| Box::new(scene::Drums::new(t)), sound: sound::drums },
        Film {
            name: "melody",
            format: small(),
            act: |t| Box::new(scene::Melody::new(t)),
            sound: sound::melody,
        },
        Film {
            name: "intermission",
            format: large,
            act: |t| Box::new(scene::Intermission::new(t)),
            sound: sound::intermission,
        },
    ]
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("The demo's media could not be made: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|e| Error::new(e.kind(), format!("{}: {e}", out.display())))?;
    for film in films() {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == film.name) {
            continue;
        }
        if let Some(second) = arguments.still {
            still(&film, out, second)?;
        } else if encode::whole(&encode::target(out, film.name), film.name) {
            println!("{}: kept", film.name);
        } else {
            make(&film, out)?;
        }
    }
    Ok(())
}

fn make(film: &Film, out: &Path) -> Result<()> {
    let begun = Instant::now();
    let format = &film.format;
    let length = format.frames as f64 / FPS as f64;
    let tune = Tune::new(length);
    let stage = Stage::new(format.size.0, format.size.1);
    let act = (film.act)(&tune);
    let sound = (film.sound)(&tune);
    encode::encode(out, film.name, format, &sound, |push| paint_all(&stage, &*act, format.frames, push))?;
    println!("{}: {length:.0} s made in {:.1} s", film.name, begun.elapsed().as_secs_f64());
    Ok(())
}

/// Paints every picture, each on one of as many threads as there are cores, and hands them on in order.
fn paint_all(
    stage: &Stage,
    act: &dyn Act,
    frames: usize,
    push: &mut dyn FnMut(picture::Frame) -> Result<()>,
) -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let length = frames as f64 / FPS as f64;
    std::thread::scope(|scope| {
        let mut painters = Vec::new();
        for thread in 0..threads {
            let (sender, receiver) = sync_channel(3);
            scope.spawn(move || {
                let mut easel = stage.easel();
                for frame in (thread..frames).step_by(threads) {
                    let time = (frame as f64 / FPS as f64 - UPBEAT).rem_euclid(length);
                    let now = Moment { time, length };
                    if sender.send(stage.paint(act, now, &mut easel)).is_err() {
                        return;
                    }
                }
            });
            painters.push(receiver);
        }
        for frame in 0..frames {
            let painted = painters[frame % threads].recv();
            push(painted.map_err(|_| Error::other("a painter stopped"))?)?;
        }
        Ok(())
    })
}

fn still(film: &Film, out: &Path, second: f64) -> Result<()> {
    let format = &film.format;
    let length = format.frames as f64 / FPS as f64;
    let stage = Stage::new(format.size.0, format.size.1);
    let act = (film.act)(&Tune::new(length));
    let now = Moment { time: second.rem_euclid(length), length };
    let path = out.join(format!("{}.yuv", film.name));
    std::fs::write(path, stage.paint(&*act, now, &mut stage.easel()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean difference of two pictures' samples.
    fn change(a: &[u8], b: &[u8]) -> f64 {
        let sum: u32 = a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        f64::from(sum) / a.len() as f64
    }

    #[test]
    fn pictures_move_and_go_round_without_a_jump() {
        let stage = Stage::new(192, 108);
        for film in films() {
            let (frames, fps) = (film.format.frames, FPS as f64);
            let length = frames as f64 / fps;
            let act = (film.act)(&Tune::new(length));
            let mut easel = stage.easel();
            let mut paint = |frame: usize| {
                let now = Moment { time: frame as f64 / fps, length };
                stage.paint(&*act, now, &mut easel)
            };
            // A bar's first beat moves as much in the middle of the tune as at its start.
            let [before, first] = [frames - 1, 0].map(&mut paint);
            let [other_before, other] = [frames / 2 - 1, frames / 2].map(&mut paint);
            let (seam, usual) = (change(&before, &first), change(&other_before, &other));
            assert!(seam < usual * 2.0 + 0.5, "{}: {seam} at the seam, {usual} elsewhere", film.name);
            assert!(change(&first, &paint(frames / 5)) > 0.2, "{}: a still life", film.name);
            assert_eq!(first.len(), 192 * 108 * 3 / 2);
        }
    }
}
