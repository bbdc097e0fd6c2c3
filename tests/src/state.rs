//! Where a network keeps everything: one folder, locked by the run that uses it.

use anyhow::{Context as _, Result, bail};
use std::fs::{self, File, TryLockError};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Where root keeps state: the account that runs PostgreSQL cannot pass through root's home.
const ROOT_BASE: &str = "/var/lib/theriac";

/// The file that tells the folder of a network from any other.
pub(crate) const MARKER: &str = "theriac-network";

/// The file that the run that uses the folder holds.
pub(crate) const LOCK: &str = "lock";

/// The folder of one network, held by this process.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// Opens the folder, making it if need be.
    ///
    /// # Errors
    /// When it holds something and no network was ever started in it; another run that is alive holds it; or it
    /// cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot resolve {}", path.display()))?;
        mark(&path)?;
        let lock_path = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock_path)
            .with_context(|| format!("cannot open {}", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                bail!(
                    "another run uses {}; stop it first (Ctrl-C), or name another folder by --state",
                    path.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the state folder"),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub fn join(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path.join(relative)
    }
}

/// Marks an empty folder as a network's; one that is marked stays as it is, any other is not ours to use.
fn mark(path: &Path) -> Result<()> {
    let marker = path.join(MARKER);
    if marker.is_file() {
        return Ok(());
    }
    let mut entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    if entries.next().is_some() {
        bail!(
            "{} is not empty, and no network keeps its state there (it has no file {MARKER}); nothing was touched: \
             name an empty or a new folder by --state",
            path.display()
        );
    }
    fs::write(&marker, "A network of `cargo xtask up` keeps its state here; `--reset` deletes it.\n")
        .with_context(|| format!("cannot write {}", marker.display()))
}

/// The folder for the clone at `root`: under `/var/lib` for root, otherwise where XDG says. Two clones never share one.
///
/// # Errors
/// When there is no home folder to put it in.
pub fn default_path(root: &Path) -> Result<PathBuf> {
    let root = root.canonicalize().with_context(|| format!("cannot resolve {}", root.display()))?;
    // FNV-1a, 64 bits: the same name with every version of Rust.
    let hash = root.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let folder = root.file_name().map_or_else(|| "clone".into(), |name| name.to_string_lossy().into_owned());
    let name = format!("{folder}-{hash:016x}");
    if rustix::process::geteuid().is_root() {
        return Ok(Path::new(ROOT_BASE).join(name));
    }
    let base = match std::env::var_os("XDG_STATE_HOME").filter(|value| !value.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => {
            let home =
                std::env::var_os("HOME").context("neither HOME nor XDG_STATE_HOME is set; use --state")?;
            Path::new(&home).join(".local/state")
        }
    };
    Ok(base.join("theriac").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clones_have_two_folders_and_one_run_each() {
        let one = tempfile::tempdir().unwrap();
        let two = tempfile::tempdir().unwrap();
        assert_ne!(default_path(one.path()).unwrap(), default_path(two.path()).unwrap());
        assert_eq!(default_path(one.path()).unwrap(), default_path(one.path()).unwrap());
        let held = StateDir::open(one.path()).unwrap();
        assert!(one.path().join(MARKER).is_file());
        assert!(StateDir::open(one.path()).unwrap_err().to_string().contains("another run"));
        drop(held);
        StateDir::open(one.path()).unwrap();
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.txt"), "years").unwrap();
        let refused = StateDir::open(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("is not empty") && refused.contains("--state"), "{refused}");
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["thesis.txt"]);
    }
}
