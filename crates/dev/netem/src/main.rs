//! A bad network in a process, told what to do on its standard input.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its caller")]

use palco_netem::{Impairment, Relay, Word, parse_word, set};
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::sync::mpsc;

const HELP: &str = "\
palco-netem --listen ADDR --to ADDR [--seed N] [--PROPERTY VALUE]...
Relays UDP with faults. First line on standard output: the address listened on.
Properties, also as lines on standard input: loss 0.1 | burst BEGIN,END,LOSS | delay 20ms | jitter 5ms |
reorder 0.02,10ms | duplicate 0.01 | rate BITS_PER_SECOND | queue BYTES
Other lines: cut | heal | move | stats | quit. It also ends with its standard input.";

struct Options {
    listen: SocketAddr,
    to: SocketAddr,
    seed: u64,
    impairment: Impairment,
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut listen, mut to, mut seed) = (SocketAddr::from(([127, 0, 0, 1], 0)), None, 1);
    let mut impairment = Impairment::default();
    while let Some(name) = arguments.next() {
        let name = name.strip_prefix("--").ok_or_else(|| format!("not an option: {name}"))?.to_owned();
        let value = arguments.next().ok_or_else(|| format!("--{name} needs a value"))?;
        let bad = || format!("bad value for --{name}: {value}");
        match name.as_str() {
            "listen" => listen = value.parse().map_err(|_| bad())?,
            "to" => to = Some(value.parse().map_err(|_| bad())?),
            "seed" => seed = value.parse().map_err(|_| bad())?,
            _ => impairment = set(impairment, &name, &value).map_err(|e| e.to_string())?,
        }
    }
    Ok(Options { listen, to: to.ok_or("--to is missing")?, seed, impairment })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n{HELP}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> std::io::Result<()> {
    let mut impairment = options.impairment;
    let relay = Relay::spawn(options.listen, options.to, impairment, options.seed).await?;
    println!("{}", relay.address());
    let control = relay.control();
    let mut lines = stdin_lines();
    while let Some(line) = lines.recv().await {
        match parse_word(&line, impairment) {
            Ok(Word::Set(to)) => {
                impairment = to;
                control.set(to);
            }
            Ok(Word::Cut) => control.cut(),
            Ok(Word::Heal) => control.heal(),
            Ok(Word::Move) => control.change_addresses(),
            Ok(Word::Stats) => println!("{:?}", control.stats().await.unwrap_or_default()),
            Ok(Word::Quit) => break,
            Err(error) => {
                eprintln!("{error}");
                continue;
            }
        }
        println!("ok");
    }
    Ok(())
}

/// Standard input by lines. It has a thread of its own, which ends with the process.
fn stdin_lines() -> mpsc::Receiver<String> {
    let (give, take) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if give.blocking_send(line).is_err() {
                return;
            }
        }
    });
    take
}
