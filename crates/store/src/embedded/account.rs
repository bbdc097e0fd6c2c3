//! Whom the server runs as. PostgreSQL refuses root, so root hands it to an account that exists for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use super::error::EmbeddedError;

/// Accounts to run the server as when started by root, in order of preference.
const NAMES: [&str; 2] = ["postgres", "theriac"];

/// A user and its primary group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

impl Account {
    /// The account to switch to, or none when this process is not root and the server may run as itself.
    pub(super) fn to_switch_to() -> Result<Option<Account>, EmbeddedError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        match NAMES.iter().find_map(|name| look_up(name)) {
            Some(account) => Ok(Some(account)),
            None => Err(EmbeddedError::NoAccount),
        }
    }

    /// Whether this account can pass through every folder down to `path`, which exists.
    pub(super) fn can_reach(&self, path: &Path) -> bool {
        path.ancestors().all(|folder| match fs::metadata(folder) {
            Ok(meta) => {
                let bit = if meta.uid() == self.uid {
                    0o100
                } else if meta.gid() == self.gid {
                    0o010
                } else {
                    0o001
                };
                meta.mode() & bit != 0
            }
            Err(_) => folder.as_os_str().is_empty(),
        })
    }
}

/// Asks the name service, then the file, so that it works where `getent` is missing.
fn look_up(name: &str) -> Option<Account> {
    let asked = Command::new("getent").args(["passwd", name]).output().ok();
    let asked = asked.filter(|output| output.status.success());
    if let Some(output) = asked {
        return parse(&String::from_utf8_lossy(&output.stdout), name);
    }
    parse(&fs::read_to_string("/etc/passwd").ok()?, name)
}

/// Finds `name` in lines of passwd(5): `name:password:uid:gid:…`.
fn parse(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some(Account { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn passwd_lines_are_read_by_exact_name() {
        let text =
            "postgresx:x:7:8::/:/bin/sh\npostgres:x:101:104:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(parse(text, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(parse(text, "theriac"), None);
        assert_eq!(parse("postgres:x:a:b::/:", "postgres"), None);
    }

    #[test]
    fn a_private_folder_is_out_of_reach_for_others() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let owner = fs::metadata(folder.path()).unwrap();
        let stranger = Account { uid: owner.uid() + 7, gid: owner.gid() + 7 };
        assert!(!stranger.can_reach(folder.path()));
        assert!(Account { uid: owner.uid(), gid: owner.gid() }.can_reach(folder.path()));
    }
}
