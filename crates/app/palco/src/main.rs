//! Palco: a self-hosted live-show server. This is the one binary: it reads the configuration and
//! puts the parts together.

mod backup;
mod broadcast;
mod clock;
mod config;
mod demo;
mod files;
mod house;
mod live;
mod metrics;
mod office;
mod perform;
mod recordings;
mod rehearse;
mod routes;
mod serve;
mod sessions;
mod viewers;

use clap::{Args, Parser, Subcommand};
use config::Keys;
use palco_base::{Class, Fault};
use std::path::PathBuf;
use std::process::ExitCode;

/// A live show on your own machine: stage, mix, and an audience in half a second.
#[derive(Parser)]
#[command(name = "palco", version, max_term_width = 100)]
struct Palco {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the server
    Serve(Serve),
    /// Publish a media file as a performer
    Perform(perform::Perform),
    /// Send many real viewers to a server, and say whether it holds them
    Rehearse(rehearse::Rehearse),
    /// Run the server with a demo show that is live
    Demo(DemoArgs),
    /// Copy the data folder while its server runs
    Backup(backup::Backup),
    /// Make a data folder of a backup
    Restore(backup::Restore),
    /// Fill an empty data folder with a believable season of shows, to look around in
    DemoData(Serve),
    /// Print the OpenAPI description of the API
    Openapi,
}

#[derive(Args)]
struct Serve {
    /// Where the keys are read from [default: palco.toml, if there is one]
    #[arg(long, env = "PALCO_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    keys: Keys,
}

#[derive(Args)]
struct DemoArgs {
    /// Folder with the performers' media, as palco-demo-media makes it
    #[arg(long, value_name = "DIR")]
    media: PathBuf,
    #[command(flatten)]
    serve: Serve,
}

fn main() -> ExitCode {
    // Two TLS providers in a dependency tree make rustls refuse to choose: choose first of all.
    // It only fails when one was chosen already, which nothing before this line can have done.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let done = match Palco::parse().verb {
        Verb::Serve(arguments) => serve(arguments, None),
        Verb::Demo(DemoArgs { media, serve: arguments }) => serve(arguments, Some(media)),
        Verb::Perform(arguments) => {
            serve::log_to_stderr("warn");
            perform::perform(&arguments)
        }
        Verb::Openapi => print_openapi(),
        Verb::Backup(what) => {
            serve::log_to_stderr("warn");
            backup::backup(&what)
        }
        Verb::Restore(what) => backup::restore(&what),
        Verb::DemoData(arguments) => demo_data(arguments),
        Verb::Rehearse(arguments) => {
            serve::log_to_stderr("warn");
            return rehearse::rehearse(arguments).unwrap_or_else(|fault| {
                explain(&fault);
                ExitCode::from(if fault.class == Class::Invalid { 2 } else { 1 })
            });
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            explain(&fault);
            ExitCode::FAILURE
        }
    }
}

fn demo_data(arguments: Serve) -> Result<(), Fault> {
    let config = arguments.keys.resolve(arguments.config.as_deref())?;
    serve::log_to_stderr(&config.log);
    serve::fill(config)
}

fn serve(arguments: Serve, demo: Option<PathBuf>) -> Result<(), Fault> {
    let config = arguments.keys.resolve(arguments.config.as_deref())?;
    serve::log_to_stderr(&config.log);
    serve::run(config, demo)
}

#[allow(clippy::print_stdout)] // It is what was asked for.
fn print_openapi() -> Result<(), Fault> {
    println!("{}", palco_web::openapi_json());
    Ok(())
}

#[allow(clippy::print_stderr)] // The person at the terminal must learn why it ended.
fn explain(fault: &Fault) {
    eprintln!("palco: {fault}");
    if let Some(detail) = fault.internal_detail() {
        eprintln!("       ({}: {detail})", fault.code);
    }
}
