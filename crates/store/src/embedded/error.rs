//! Why the private server does not start.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Errors of the launcher. Each message is complete: it can be shown to the user as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No PostgreSQL server is installed where it was looked for.
    #[error("no PostgreSQL server (version {min} or later) was found; install one with: {install}", min = super::MAJOR_MIN)]
    NoServer {
        /// The one line to type.
        install: &'static str,
    },
    /// The configured folder has no PostgreSQL server.
    #[error("{dir} has no initdb, pg_ctl and postgres", dir = dir.display())]
    NotABinDirectory {
        /// The configured folder.
        dir: PathBuf,
    },
    /// The data were written by a major version that is not installed; PostgreSQL cannot read another's.
    #[error(
        "the data in {data} need PostgreSQL {wanted}, but only {found:?} is installed: install it, or start anew",
        data = data.display()
    )]
    OtherMajor {
        /// The data directory.
        data: PathBuf,
        /// The major version that wrote it.
        wanted: u32,
        /// Major versions that were found.
        found: Vec<u32>,
    },
    /// PostgreSQL refuses to run as root, and there is no account to run it as.
    #[error(
        "PostgreSQL does not run as root and there is no account `postgres`; add one with: useradd --system --user-group postgres"
    )]
    NoAccount,
    /// The socket's folder belongs to somebody else or is open to others.
    #[error("{dir} is not private to the account that runs PostgreSQL", dir = dir.display())]
    NotPrivate {
        /// The folder.
        dir: PathBuf,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// The server did not come up, or go down, within the bound.
    #[error("PostgreSQL did not {what} within {seconds} s; see {log}", log = log.display())]
    Timeout {
        /// `start` or `stop`.
        what: &'static str,
        /// The bound.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
    },
    /// A name of a database or role that would need quoting.
    #[error("`{0}` is not a plain name (a-z, 0-9 and _, at most 63)")]
    Name(String),
    /// A file operation failed.
    #[error("cannot {what} {path}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The server runs but refuses a statement.
    #[error("the private server refused to be set up")]
    Database(#[from] Error),
}

impl EmbeddedError {
    /// For `map_err` on file operations.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| EmbeddedError::Io { what, path, source }
    }
}
