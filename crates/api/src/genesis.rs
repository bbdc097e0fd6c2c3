//! The genesis file, as every service reads it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ledger::Genesis;

/// Longest genesis file: 10,000 organisations of 1 kB and 100,000 products of 300 bytes are 40 MB.
pub const GENESIS_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why a genesis file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// It cannot be read, or is longer than [`GENESIS_BYTES_MAX`].
    #[error("{path}: the genesis file cannot be read")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// It is not one.
    #[error("{path}: not a genesis file")]
    Form {
        /// Which file.
        path: PathBuf,
        /// Where it breaks off.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads a genesis file, to the bound.
///
/// # Errors
/// [`GenesisError`].
pub fn read(path: &Path) -> Result<Genesis, GenesisError> {
    let failed = |source| GenesisError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    let read = file.take(GENESIS_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > GENESIS_BYTES_MAX {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, "over the bound")));
    }
    serde_json::from_str(&text).map_err(|source| GenesisError::Form { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_genesis_is_named() {
        let missing = read(Path::new("/nonexistent/genesis.json")).unwrap_err();
        assert!(matches!(missing, GenesisError::Read { .. }) && missing.to_string().contains("genesis.json"));
        let other = read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))).unwrap_err();
        assert!(matches!(other, GenesisError::Form { .. }));
    }
}
