//! Checks on the workspace itself. `./dev check` runs them.

#![allow(clippy::print_stdout, clippy::print_stderr)] // It is a command-line tool.

mod layers;
mod tidy;

use std::process::ExitCode;

/// Says in a line what was checked, or what is wrong.
type Check = fn() -> Result<String, Vec<String>>;

fn main() -> ExitCode {
    let checks: &[(&str, Check)] = &[("layers", layers::check), ("tidy", tidy::check)];
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut failed = false;
    for (name, check) in checks {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        match check() {
            Ok(summary) => println!("{name}: {summary}"),
            Err(faults) => {
                failed = true;
                for fault in faults {
                    eprintln!("{name}: {fault}");
                }
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
