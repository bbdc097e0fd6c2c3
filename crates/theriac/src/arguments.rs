//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Checks what a Theriac network says, offline.
#[derive(Debug, Parser)]
#[command(name = "theriac", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a receipt or evidence, trusting the genesis file alone.
    ///
    /// Exit code 0: every link holds; 1: a link is broken, or the proof is too old; 2: unusable input.
    Verify(VerifyArguments),
    /// Say which network a genesis file founds, and how its members pin each other.
    ///
    /// All members compare the first line before they start. Exit code 2: unusable input.
    Network(NetworkArguments),
}

/// Arguments of `network`.
#[derive(Debug, Args)]
pub struct NetworkArguments {
    /// The network's genesis file (JSON).
    #[arg(value_name = "GENESIS")]
    pub genesis: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// A receipt of an event or of a change, or evidence about a pack: JSON or canonical encoding, or the whole answer
    /// of an API that holds one, as saved.
    pub file: PathBuf,
    /// The network's genesis file (JSON).
    #[arg(long, value_name = "FILE")]
    pub genesis: PathBuf,
    /// Fields of the event, as disclosed (JSON or canonical encoding), to check against its receipt.
    #[arg(long, value_name = "FILE")]
    pub event: Option<PathBuf>,
    /// How old the proof's last block may be.
    #[arg(long, value_name = "SECONDS")]
    pub max_age: Option<u64>,
    /// Judge the age as of this time instead of now (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = milliseconds, requires = "max_age")]
    pub now: Option<u64>,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

fn milliseconds(text: &str) -> Result<u64, String> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|error| error.to_string())?;
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).map_err(|_| "the time lies before 1970".to_owned())
}
