//! `palco-mixer`: the only place where untrusted media is decoded.
//!
//! GStreamer decodes, encodes and reads files; what is made of it is `palco-mix`'s business.
//! The process has no network, and no file but those it was handed.

mod clip;
mod coders;
mod elements;
mod feed;
mod file;
mod mixing;
mod output;
mod post;
mod poster;
mod probe;
mod read;
mod sandbox;
mod serve;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Mixes a show. Started by palco; see `palco_mix::wire` for what it speaks.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand, Clone, Copy)]
enum Verb {
    /// Mix: messages on standard input (a socket, both ways), open files on standard output.
    Serve,
    /// Say as JSON whether the media file on standard input can be played.
    Probe,
    /// Write the picture on standard input to standard output in the sizes a poster is shown in.
    Poster,
    /// Write the media file on standard input to standard output as messages of feed 0, for
    /// publishing: once, as fast as it is read.
    Read,
    /// Try from inside what the sandbox forbids.
    #[command(hide = true)]
    SandboxCheck,
}

fn main() -> ExitCode {
    // A thread that ends alone would leave a mixer that only seems to work: better to be restarted.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
    let done = match Arguments::parse().verb.unwrap_or(Verb::Serve) {
        Verb::Serve => serve::serve(),
        Verb::Probe => probe::probe(),
        Verb::Poster => poster::poster(),
        Verb::Read => read::read(),
        Verb::SandboxCheck => sandbox::check(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            post::log(&text);
            ExitCode::FAILURE
        }
    }
}
