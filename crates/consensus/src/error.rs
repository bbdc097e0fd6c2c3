use std::path::PathBuf;

use ledger::Height;

/// Why consensus could not start, or had to stop. Temporary trouble of the application is not here: it is retried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value of [`Config`](crate::Config) cannot be used; says which.
    #[error("configuration: {0}")]
    Config(String),
    /// Reading or writing below `Config::dir` failed.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried, as an infinitive: "open", "write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// Another process holds the folder's lock: two processes with one key would double-sign.
    #[error("{0} is in use by another process")]
    Locked(PathBuf),
    /// The store was damaged in the middle, which no torn write explains. Move the folder away: the node then
    /// rejoins as a follower.
    #[error("the store {path} is damaged at byte {offset}: {what}")]
    Corrupt {
        /// Segment file.
        path: PathBuf,
        /// Offset of the record.
        offset: u64,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The folder belongs to another network.
    #[error("the store belongs to network {found}, not {expected}")]
    Network {
        /// Network id in the folder, hexadecimal.
        found: String,
        /// Network id of the configuration, hexadecimal.
        expected: String,
    },
    /// The engine decided a block whose payload is not in the store.
    #[error("no payload for the block decided at height {}", .0.0)]
    PayloadMissing(Height),
    /// The application refused to go on.
    #[error("the application stopped consensus")]
    App(#[source] crate::AppError),
    /// The engine did not start, or stopped by itself.
    #[error("engine: {0}")]
    Engine(String),
    /// The node has been shut down.
    #[error("consensus has stopped")]
    Stopped,
}

/// Result with this crate's error.
pub type Result<T> = std::result::Result<T, Error>;
