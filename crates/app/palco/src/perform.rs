//! `palco perform`: publishes a media file as a performer.

use clap::Args;
use palco_base::{Fault, Secret};
use palco_client::{FileFrames, Options, whip};
use std::path::PathBuf;
use std::time::Duration;

/// How to perform.
#[derive(Args, Debug)]
pub(crate) struct Perform {
    /// WHIP address, such as http://localhost:8080/whip/my-show
    #[arg(long, value_name = "URL")]
    to: String,
    /// The performer's WHIP token or invitation code
    #[arg(long, env = "PALCO_TOKEN", hide_env_values = true, value_name = "T")]
    token: Option<String>,
    /// Play the file once instead of over and over
    #[arg(long)]
    once: bool,
    /// Keep in step with other performers of files of the same length
    #[arg(long)]
    align: bool,
    /// Say nothing
    #[arg(long)]
    quiet: bool,
    /// Any video or sound; what is not H.264 and Opus is converted on the way
    file: PathBuf,
}

/// Publishes until the end, or until the server will not have it.
///
/// # Errors
/// When the file cannot be read, or in the server's words why it refuses.
#[allow(clippy::print_stdout)] // What it says to the person at the terminal.
pub(crate) fn perform(perform: &Perform) -> Result<(), Fault> {
    let token = perform.token.as_deref().map(Secret::new);
    let options = Options { align: perform.align, ..Options::default() };
    let looped = !perform.once;
    let publisher = if perform.align {
        // Only a file that was read to its end has a known length to be in step with.
        whip::publish(&perform.to, token.as_ref(), FileFrames::load(&perform.file, looped)?, options)?
    } else {
        whip::publish(&perform.to, token.as_ref(), FileFrames::open(&perform.file, looped)?, options)?
    };
    if !perform.quiet {
        publisher.wait_connected(Duration::from_secs(20))?;
        println!("Performing {}. Ctrl-C ends it.", perform.file.display());
    }
    publisher.wait()
}
