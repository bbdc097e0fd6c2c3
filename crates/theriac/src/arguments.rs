//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

/// Reads and writes GS1's and EPCIS's formats, and checks what a Theriac network says: all of it offline but `audit`.
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
    /// Check an organisation's whole database against the ledger, trusting the genesis file alone.
    ///
    /// Findings go to standard output as they are found, progress to standard error. Nothing is written; a role that may
    /// SELECT is enough. Exit code 0: all agrees; 1: rows were altered, removed or added, and which; 2: unusable input.
    Audit(AuditArguments),
    /// Read a barcode as a scanner sends it, an element string, a GS1 Digital Link or an EPC URN, and answer in JSON.
    ///
    /// Exit code 0: it is valid GS1 data, or `--lines` was given; 1: it is not; 2: unusable input.
    Scan(ScanArguments),
    /// EPCIS documents.
    #[command(subcommand)]
    Epcis(EpcisCommand),
    /// Learn what a keyboard wedge types, from one scan of the calibration barcode, and print it in JSON for `scan`.
    ///
    /// Exit code 1: the workstation cannot be calibrated, and why; 2: unusable input.
    Calibrate(CalibrateArguments),
}

/// Arguments of `scan`.
#[derive(Debug, Args)]
pub struct ScanArguments {
    /// What was scanned; standard input without it.
    #[arg(value_name = "TEXT", conflicts_with = "lines")]
    pub text: Option<String>,
    /// One input a line on standard input (a JSON string where it begins with a quote), one answer a line.
    #[arg(long)]
    pub lines: bool,
    /// What `theriac calibrate` printed for this workstation.
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    /// The day that decides the century of dates (YYYY-MM-DD); today without it.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<Date>,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArguments {
    /// What was typed when the calibration barcode was scanned; standard input without it.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print the calibration barcode instead, as a picture (SVG): save it, print it, and scan it.
    #[arg(long, conflicts_with = "file")]
    pub barcode: bool,
}

/// What can be done with a document.
#[derive(Debug, Subcommand)]
pub enum EpcisCommand {
    /// Write a document in another binding.
    ///
    /// Exit code 1: it cannot be, and why, on standard error; 2: unusable input.
    Convert(ConvertArguments),
    /// Say in JSON what is wrong with a document.
    ///
    /// Exit code 0: it may be captured; 1: it may not; 2: unusable input.
    Check(DocumentArguments),
    /// Print the Event Hash ID of each event, one a line.
    ///
    /// Exit code 1: the document cannot be read, and why, on standard error; 2: unusable input.
    Hash(HashArguments),
}

/// Arguments that name a document.
#[derive(Debug, Args)]
pub struct DocumentArguments {
    /// The document, XML or JSON.
    pub file: PathBuf,
}

/// Arguments of `epcis convert`.
#[derive(Debug, Args)]
pub struct ConvertArguments {
    /// The document, XML or JSON.
    pub file: PathBuf,
    /// The binding to write.
    #[arg(long)]
    pub to: Binding,
    /// The version of EPCIS to write; of JSON there is 2.0 alone.
    #[arg(long, default_value = "2.0")]
    pub version: Version,
}

/// A binding of EPCIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Binding {
    /// JSON-LD.
    Json,
    /// XML.
    Xml,
}

/// A version of EPCIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Version {
    /// EPCIS 1.2.
    #[value(name = "1.2")]
    V1_2,
    /// EPCIS 2.0.
    #[value(name = "2.0")]
    V2_0,
}

/// Arguments of `epcis hash`.
#[derive(Debug, Args)]
pub struct HashArguments {
    /// The document, XML or JSON.
    pub file: PathBuf,
    /// The Core Business Vocabulary whose rules are followed; 2.1 is a draft.
    #[arg(long)]
    pub cbv: Cbv,
}

/// A version of the Core Business Vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Cbv {
    /// CBV 2.0.
    #[value(name = "2.0")]
    V2_0,
    /// The draft of CBV 2.1.
    #[value(name = "2.1")]
    V2_1,
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

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// The network's genesis file (JSON).
    #[arg(long, value_name = "FILE")]
    pub genesis: PathBuf,
    /// The database, postgres://role@host/database; never printed. In the environment a password is not seen by others.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database: String,
    /// Whose database it is: the number in the directory. Without it the batches in it tell.
    #[arg(long, value_name = "NUMBER")]
    pub organisation: Option<u32>,
    /// The organisation's padding secret, 64 hexadecimal digits: tells padding from events that are missing.
    #[arg(long, value_name = "FILE")]
    pub padding_secret_file: Option<PathBuf>,
    /// Most findings that are printed; the others are counted.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    pub findings: u64,
    /// One JSON object a line; the last is the summary.
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

fn date(text: &str) -> Result<Date, String> {
    const FORM: &[time::format_description::BorrowedFormatItem<'static>] =
        time::macros::format_description!("[year]-[month]-[day]");
    Date::parse(text, FORM).map_err(|error| error.to_string())
}
