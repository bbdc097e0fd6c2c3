//! What may go wrong, by what to do about it.

use std::path::PathBuf;

use ledger::map::MapProofError;
use ledger::{Hash, Height};

/// What lies behind an error.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a status map did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system does not let this process use io_uring, by which alone the map reads and writes on Linux.
    #[error(
        "this process may not use io_uring, which the status map needs: run Linux 6.0 or newer, set the sysctl \
         kernel.io_uring_disabled to 0, and in a container allow io_uring_setup, io_uring_enter and \
         io_uring_register in its seccomp profile"
    )]
    IoUring(#[source] std::io::Error),
    /// Another process, or another part of this one, has the folder open.
    #[error("{} is open elsewhere: one process at a time may have a status map", folder.display())]
    Locked {
        /// Which.
        folder: PathBuf,
    },
    /// A file or folder cannot be made, opened, read or written.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// To do what.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The map cannot be read, or contradicts itself. It can be rebuilt from the records.
    #[error("the status map is damaged and must be rebuilt")]
    Damaged(#[source] Cause),
    /// A write failed. What is on disk is whole, as of before or after it.
    #[error("a write to the status map failed: close it, and open it again")]
    Failed(#[source] Cause),
    /// A write failed earlier, and the map was not opened again since.
    #[error("an earlier write to the status map failed: close it, and open it again")]
    Poisoned,
    /// Changes must be those of a later block than the map's last.
    #[error("the status map is at height {found}: changes of height {given} cannot follow")]
    Height {
        /// Of the map.
        found: Height,
        /// Of the changes.
        given: Height,
    },
    /// The same key twice among the changes of one block.
    #[error("key {0} changes twice at once")]
    Repeated(Hash),
    /// The key under which the map keeps its height.
    #[error("the key of the height is no pack's")]
    Reserved,
    /// The map changed since these changes were prepared.
    #[error("the status map changed since these changes were prepared")]
    Outdated,
    /// The way back is not as long. The map can be rebuilt from the records.
    #[error("the status map cannot go back that far ({blocks} blocks with changes): rebuild it")]
    TooFar {
        /// How far it was to go.
        blocks: usize,
    },
    /// No proof for these keys.
    #[error("no proof for these keys")]
    Proof(#[source] MapProofError),
    /// What the map is rebuilt from ended with an error.
    #[error("what the status map is rebuilt from cannot be read")]
    Entries(#[source] Cause),
}

impl Error {
    /// An error of the file system.
    pub(crate) fn io(doing: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { doing, path, source }
    }

    /// Damage, in words.
    pub(crate) fn damaged(what: impl Into<Cause>) -> Error {
        Error::Damaged(what.into())
    }
}

/// Runs what enters NOMT. It panics on bytes that it never wrote; its panics become errors here.
pub(crate) fn guarded<T, E: Into<Cause>>(inside: impl FnOnce() -> Result<T, E>) -> Result<T, Cause> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(inside)) {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            Err(text.unwrap_or("a panic without words").into())
        }
    }
}
