use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ledger::Hash;

use crate::error::{Error, Result};

/// Whether this node may vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The key has never voted: it may from the first height on.
    New,
    /// Votes, and remembers here what it voted.
    Validator,
    /// The folder was lost, so what was voted is not known: follows until that can no longer matter.
    Follower,
}

/// The folder of one node, locked.
pub(crate) struct Folder {
    dir: PathBuf,
    network: Hash,
    role: Role,
    /// Held for the lock.
    _lock: File,
}

/// Prepares `dir` for a validator whose key has never voted. Call it once, where the key is made: a node that
/// starts without its folder has lost the memory of its votes and only follows at first. A folder that was
/// prepared before, or used, is left as it is.
///
/// # Errors
/// [`Error::Io`]; [`Error::Network`] if the folder belongs to another network.
pub fn create(dir: &Path, network: &Hash) -> Result<()> {
    fs::create_dir_all(dir).map_err(io("create", dir))?;
    match read_meta(dir, network)? {
        Some(_) => Ok(()),
        None => write_meta(dir, network, Role::New),
    }
}

impl Folder {
    /// Locks the folder and reads what it is. A folder without `meta`, or with a lost write-ahead log, belongs to
    /// a node that lost its memory.
    pub(crate) fn open(dir: &Path, network: &Hash) -> Result<Self> {
        fs::create_dir_all(dir).map_err(io("create", dir))?;
        let path = dir.join("lock");
        let mut options = OpenOptions::new();
        let lock = options.write(true).create(true).truncate(false).open(&path).map_err(io("open", &path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::Locked(dir.to_owned()),
            TryLockError::Error(source) => Error::Io { action: "lock", path, source },
        })?;
        let role = match read_meta(dir, network)? {
            Some(Role::Validator) if !wal_path(dir).exists() => Role::Follower,
            Some(role) => role,
            None => Role::Follower,
        };
        let mut folder = Self { dir: dir.to_owned(), network: *network, role, _lock: lock };
        folder.set_role(role)?;
        Ok(folder)
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// Makes a role durable.
    pub(crate) fn set_role(&mut self, role: Role) -> Result<()> {
        write_meta(&self.dir, &self.network, role)?;
        self.role = role;
        Ok(())
    }

    /// The engine's write-ahead log.
    pub(crate) fn wal(&self) -> PathBuf {
        wal_path(&self.dir)
    }
}

fn wal_path(dir: &Path) -> PathBuf {
    dir.join("wal").join("consensus.wal")
}

fn read_meta(dir: &Path, network: &Hash) -> Result<Option<Role>> {
    let path = dir.join("meta");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::Io { action: "read", path, source }),
    };
    let mut lines = text.lines();
    let format = lines.next() == Some("theriac consensus store 1");
    let found = lines.next().and_then(|line| line.strip_prefix("network ")).unwrap_or_default();
    let role = match lines.next() {
        Some("role new") => Some(Role::New),
        Some("role validator") => Some(Role::Validator),
        Some("role follower") => Some(Role::Follower),
        _ => None,
    };
    let Some(role) = role.filter(|_| format) else {
        return Err(Error::Corrupt { path, offset: 0, what: "not a store's meta file" });
    };
    let expected = hex::encode(network.0);
    if found != expected {
        return Err(Error::Network { found: found.to_owned(), expected });
    }
    Ok(Some(role))
}

fn write_meta(dir: &Path, network: &Hash, role: Role) -> Result<()> {
    let role = match role {
        Role::New => "new",
        Role::Validator => "validator",
        Role::Follower => "follower",
    };
    let text = format!("theriac consensus store 1\nnetwork {}\nrole {role}\n", hex::encode(network.0));
    let path = dir.join("meta");
    let new = dir.join("meta.new");
    let mut file = File::create(&new).map_err(io("create", &new))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io("write", &new))?;
    fs::rename(&new, &path).map_err(io("rename", &new))?;
    sync_dir(dir)
}

/// Makes names in a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(io("sync", dir))
}

/// Says what was tried where.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Io { action, path, source }
}
