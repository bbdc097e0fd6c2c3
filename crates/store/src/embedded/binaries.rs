//! Finds an installed PostgreSQL server.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::EmbeddedError;

/// Oldest major version whose features the schema uses.
pub const MAJOR_MIN: u32 = 14;

/// The programs that are used; a folder counts only when it has all of them.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Folders of versioned installations: parent, prefix of the versioned folder, and the way on from there.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder with PostgreSQL's programs, and their major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub dir: PathBuf,
    /// Major version, as in `PG_VERSION`.
    pub major: u32,
}

impl Binaries {
    /// Finds the server to use. `data` and `wanted` name an existing data directory and its major version: then
    /// only that version will do; otherwise the first found, newest first within a place, is taken.
    ///
    /// Looked at in order: `configured` (alone, when given), `pg_config --bindir`, Debian's and other versioned
    /// folders, Homebrew, Postgres.app, `PATH`.
    ///
    /// # Errors
    /// [`EmbeddedError::NoServer`] with the line that installs one, [`EmbeddedError::OtherMajor`],
    /// [`EmbeddedError::NotABinDirectory`].
    pub fn find(configured: Option<&Path>, existing: Option<(&Path, u32)>) -> Result<Self, EmbeddedError> {
        let mut found = Vec::new();
        for dir in configured.map_or_else(candidates, |dir| vec![dir.to_owned()]) {
            let Some(binaries) = Binaries::at(&dir) else {
                continue;
            };
            if existing.is_none_or(|(_, wanted)| wanted == binaries.major) {
                return Ok(binaries);
            }
            found.push(binaries.major);
        }
        found.sort_unstable();
        found.dedup();
        match (existing, configured) {
            (Some((data, wanted)), _) if !found.is_empty() => {
                Err(EmbeddedError::OtherMajor { data: data.to_owned(), wanted, found })
            }
            (_, Some(dir)) => Err(EmbeddedError::NotABinDirectory { dir: dir.to_owned() }),
            (_, None) => Err(EmbeddedError::NoServer { install: install_line() }),
        }
    }

    /// The server in `dir`, if all programs are there and new enough.
    fn at(dir: &Path) -> Option<Self> {
        if !PROGRAMS.iter().all(|program| dir.join(program).is_file()) {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = parse_major(&String::from_utf8_lossy(&output.stdout))?;
        (major >= MAJOR_MIN).then(|| Binaries { dir: dir.to_owned(), major })
    }

    /// Path of one program.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

/// The one line that installs a server on this machine.
pub fn install_line() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install postgresql@17"
    } else if Path::new("/etc/redhat-release").exists() {
        "sudo dnf install -y postgresql-server"
    } else {
        "sudo apt-get install -y --no-install-recommends postgresql"
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output()
        && output.status.success()
    {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    for (parent, prefix, rest) in VERSIONED {
        dirs.extend(versioned(Path::new(parent), prefix).into_iter().map(|dir| dir.join(rest)));
    }
    dirs.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    dirs
}

/// Folders of `parent` named `prefix` and a number, highest number first.
fn versioned(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut numbered: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_prefix(prefix)?.parse().ok()?, entry.path()))
        })
        .collect();
    numbered.sort_unstable_by(|a, b| b.cmp(a));
    numbered.into_iter().map(|(_, path)| path).collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`, also `17beta2`.
fn parse_major(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_postgres_prints_them() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else"), None);
    }

    #[test]
    fn the_highest_number_comes_first_and_words_do_not_count() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["9", "15", "17", "latest"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let names: Vec<_> =
            versioned(parent.path(), "").iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["17", "15", "9"]);
    }

    #[test]
    fn a_folder_without_the_programs_is_refused() {
        let empty = tempfile::tempdir().unwrap();
        let refused = Binaries::find(Some(empty.path()), None);
        assert!(matches!(refused, Err(EmbeddedError::NotABinDirectory { .. })));
    }
}
