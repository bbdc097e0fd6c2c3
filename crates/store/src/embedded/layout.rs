//! Where the private cluster lives.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::EmbeddedError;

/// The port is a part of the socket's file name only: nothing listens on the network.
pub(super) const PORT: u16 = 5432;

/// `sockaddr_un` holds 108 bytes on Linux and 104 on macOS, one of them the closing zero.
const SOCKET_PATH_MAX: usize = 103;

/// Where clusters of root live: an account that is not root cannot pass through root's home.
const ROOT_BASE: &str = "/var/lib/theriac";

/// The folders and files of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// Everything below is in here, but for the socket when the path is too long for one.
    pub base: PathBuf,
    /// PostgreSQL's data directory.
    pub data: PathBuf,
    /// The server's log.
    pub log: PathBuf,
    /// Folder of the socket, mode 0700.
    pub socket: PathBuf,
}

impl Layout {
    /// Chooses and makes the folders for the cluster that belongs to `state`, which is created if missing.
    pub fn prepare(state: &Path, account: Option<Account>) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(state).map_err(EmbeddedError::io("create", state))?;
        let state = state.canonicalize().map_err(EmbeddedError::io("resolve", state))?;
        let layout = Layout::choose(&state, account);
        if layout.base.starts_with(ROOT_BASE) {
            make_open(Path::new(ROOT_BASE))?;
        }
        make_private(&layout.base, account)?;
        make_private(&layout.socket, account)?;
        Ok(layout)
    }

    /// The same answer for the same folder every time; touches nothing.
    fn choose(state: &Path, account: Option<Account>) -> Self {
        let name = format!("{:016x}", crate::fnv::hash([state.as_os_str().as_bytes()]));
        let base = match account {
            Some(account) if !account.can_reach(state) => Path::new(ROOT_BASE).join(&name),
            _ => state.join("postgres"),
        };
        let mut socket = base.join("socket");
        if socket_file(&socket).as_os_str().len() > SOCKET_PATH_MAX {
            socket = std::env::temp_dir().join(format!("theriac-{name}"));
        }
        Layout { data: base.join("data"), log: base.join("postgres.log"), base, socket }
    }

    /// Major version that wrote the data directory, when there is one.
    pub fn data_major(&self) -> Result<Option<u32>, EmbeddedError> {
        let path = self.data.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EmbeddedError::io("read", &path)(error)),
        }
    }

    /// The socket itself.
    pub fn socket_file(&self) -> PathBuf {
        socket_file(&self.socket)
    }
}

fn socket_file(dir: &Path) -> PathBuf {
    dir.join(OsStr::new(&format!(".s.PGSQL.{PORT}")))
}

/// A folder that everyone may pass through.
fn make_open(dir: &Path) -> Result<(), EmbeddedError> {
    fs::DirBuilder::new().recursive(true).mode(0o755).create(dir).map_err(EmbeddedError::io("create", dir))
}

/// A folder of the server's account that nobody else may enter: this is what makes the socket private.
/// In a folder that others can write to (the temporary one) somebody may have been there first.
fn make_private(dir: &Path, account: Option<Account>) -> Result<(), EmbeddedError> {
    let made = fs::DirBuilder::new().mode(0o700).create(dir);
    let owner = account.map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
    match made {
        Ok(()) => {
            if let Some(account) = account {
                chown(dir, Some(account.uid), Some(account.gid))
                    .map_err(EmbeddedError::io("hand over", dir))?;
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(EmbeddedError::io("create", dir)(error)),
    }
    let meta = fs::symlink_metadata(dir).map_err(EmbeddedError::io("look at", dir))?;
    if !meta.is_dir() || meta.uid() != owner || meta.permissions().mode() & 0o077 != 0 {
        return Err(EmbeddedError::NotPrivate { dir: dir.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_state_folders_never_share_a_cluster() {
        let stranger = Some(Account { uid: 4_000_001, gid: 4_000_001 });
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        assert_ne!(Layout::choose(&one, stranger).base, Layout::choose(&two, stranger).base);
        assert!(Layout::choose(&one, stranger).base.starts_with(ROOT_BASE));
        assert_eq!(Layout::choose(&one, None).base, one.join("postgres"));
    }

    #[test]
    fn a_long_path_puts_the_socket_elsewhere() {
        let long = Path::new("/tmp").join("x".repeat(120));
        let layout = Layout::choose(&long, None);
        assert!(layout.socket_file().as_os_str().len() <= SOCKET_PATH_MAX);
        assert!(layout.data.starts_with(&long));
    }

    #[test]
    fn a_folder_open_to_others_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let open = folder.path().join("open");
        make_open(&open).unwrap();
        assert!(matches!(make_private(&open, None), Err(EmbeddedError::NotPrivate { .. })));
    }
}
