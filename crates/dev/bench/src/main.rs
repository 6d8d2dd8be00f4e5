//! Benchmarks that need no browser. Each prints one JSON object; `./dev bench` runs them all and
//! keeps the results under `benches/results`.

#![allow(clippy::print_stdout, clippy::print_stderr)] // It is a command-line tool.

mod fanout;
mod mix;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// CPU of the live mix, beside ffmpeg doing the same work offline
    Mix(mix::Arguments),
    /// CPU and delay of sending one Program to many viewers by WebRTC
    Fanout(fanout::Arguments),
}

fn main() -> ExitCode {
    let result = match Bench::parse().what {
        What::Mix(arguments) => mix::run(&arguments),
        What::Fanout(arguments) => fanout::run(&arguments),
    };
    match result {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("palco-bench: {fault:?}");
            ExitCode::FAILURE
        }
    }
}
