//! Why an input cannot be used: exit code 2.

use std::path::PathBuf;

use ledger::DecodeError;

use crate::report::{in_words, plain};

/// What is wrong with an input. Variants say which file to look at.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A file is longer than permitted.
    #[error("{} is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// Which.
        path: PathBuf,
        /// The bound.
        bytes_max: usize,
    },
    /// A file is neither JSON nor a canonical encoding of what it should hold.
    #[error("{} holds no {expected}", path.display())]
    Unknown {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A file is JSON, but not of what it should hold.
    #[error("{} is no valid {expected}", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Where it fails.
        #[source]
        cause: serde_json::Error,
    },
    /// A value passes a bound of the ledger's encoding.
    #[error("{} is no valid {expected}", path.display())]
    Bounds {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Which bound.
        #[source]
        cause: DecodeError,
    },
    /// An event was given with something other than a receipt of an event.
    #[error("--event needs a receipt of an event, and {} holds {found}", path.display())]
    NoEvent {
        /// Which file.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
    },
    /// Standard input cannot be read, or is longer than permitted.
    #[error("cannot read standard input")]
    Input(#[source] std::io::Error),
    /// A text is not UTF-8.
    #[error("{} is not UTF-8", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// A binding that no version of the standard has.
    #[error("EPCIS 1.2 has no JSON: use --to xml, or --version 2.0")]
    NoSuchBinding,
    /// No symbol holds the text.
    #[error("no Data Matrix holds the text")]
    NoBarcode,
    /// The database cannot be audited: it is not there, is of another schema, or may not be read.
    #[error("the database cannot be audited")]
    Database(#[source] store::Error),
    /// No node has ever written to the database.
    #[error("the database holds no ledger: no node has ever written to it")]
    NoLedger,
    /// A file does not hold a padding secret.
    #[error("{} holds no padding secret: 64 hexadecimal digits", path.display())]
    NoSecret {
        /// Which.
        path: PathBuf,
    },
    /// The operating system gives no event loop.
    #[error("cannot begin")]
    Runtime(#[source] std::io::Error),
    /// The answer cannot be written.
    #[error("cannot write the answer")]
    Write(#[source] std::io::Error),
}

impl Unusable {
    /// The error and its causes, in one line.
    pub fn in_one_line(&self) -> String {
        plain(&in_words(self))
    }
}
