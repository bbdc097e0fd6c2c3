//! A PostgreSQL server for the tasks: finding it, installing it, and throwaway clusters of it.
//!
//! `store::embedded` launches the lasting clusters. This one exists because the metadata of `store`'s queries has to
//! be made while `store` itself does not compile yet; its data is worth nothing, so it runs without fsync.

use crate::apt;
use crate::workspace::{run, shown};
use anyhow::{Context as _, Result, bail};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a new cluster may take until it accepts connections.
const START_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks at a starting cluster.
const START_POLL: Duration = Duration::from_millis(20);
/// Connections of the shared test cluster: 2 cores run few tests at a time, each with a pool of up to 20.
const CONNECTIONS_MAX: u32 = 200;

/// Server programs in one folder (`initdb`, `postgres`, `psql`).
#[derive(Debug, Clone)]
pub struct Server {
    /// The folder.
    pub programs: PathBuf,
}

impl Server {
    /// Finds a server installation, or installs one when that is allowed, or says the line to type.
    pub fn find_or_install() -> Result<Self> {
        if let Some(server) = Self::find() {
            println!("PostgreSQL programs: {}", server.programs.display());
            return Ok(server);
        }
        if !(apt::is_here() && apt::is_root()) {
            let line = if apt::is_here() {
                apt::line(&["postgresql"])
            } else {
                "brew install postgresql@17".to_owned()
            };
            bail!(
                "no PostgreSQL server found; install one with\n  {line}\nor set THERIAC_POSTGRES_BIN to its bin folder"
            );
        }
        println!("no PostgreSQL server found; installing one");
        apt::install(&["postgresql"])?;
        Self::find().context("PostgreSQL was installed but its programs are not found")
    }

    /// Looks in `THERIAC_POSTGRES_BIN`, where `pg_config` points, in Debian's and Homebrew's folders, and in `PATH`.
    fn find() -> Option<Self> {
        let mut candidates: Vec<PathBuf> =
            std::env::var_os("THERIAC_POSTGRES_BIN").map(PathBuf::from).into_iter().collect();
        candidates.extend(pg_config());
        candidates.extend(versioned("/usr/lib/postgresql", "", "bin"));
        candidates.extend(versioned("/opt/homebrew/opt", "postgresql@", "bin"));
        candidates.extend(versioned("/usr/local/opt", "postgresql@", "bin"));
        candidates.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        candidates
            .into_iter()
            .find(|folder| ["initdb", "postgres", "psql"].iter().all(|program| folder.join(program).exists()))
            .map(|programs| Self { programs })
    }
}

fn pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// `<base>/<prefix><major>/<inner>`, the highest major first.
fn versioned(base: &str, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(base)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((major, entry.path().join(inner)))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, path)| path).collect()
}

/// A cluster that is gone, with its data, when this value is dropped or this process dies, however it dies.
pub struct Throwaway {
    server: Server,
    folder: PathBuf,
    keeper: Child,
}

/// Keeps the server until its standard input closes, then stops it and removes the folder. The write end of that
/// input is held by xtask alone, so that even `kill -9` of xtask leaves nothing behind.
const KEEPER: &str = r#"
"$1" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections="$3" -c shared_buffers=256MB -c log_min_messages=warning >"$2/log" 2>&1 &
server=$!
read -r _
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

impl Throwaway {
    /// Creates and starts one with an empty database `theriac`.
    pub fn start(server: &Server) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("theriac-pg-{}", std::process::id()));
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let account = Account::choose()?;
        account.own(&folder)?;
        let mut initdb = account.command(&server.programs.join("initdb"));
        initdb.arg("-D").arg(folder.join("data"));
        initdb.args(["-U", "theriac", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let output = initdb.output().context("cannot start initdb")?;
        if !output.status.success() {
            bail!("`{}` failed: {}", shown(&initdb), String::from_utf8_lossy(&output.stderr));
        }
        let keeper = account
            .command(Path::new("/bin/sh"))
            .args(["-c", KEEPER, "sh"])
            .arg(server.programs.join("postgres"))
            .arg(&folder)
            .arg(CONNECTIONS_MAX.to_string())
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("cannot start the PostgreSQL server")?;
        let mut cluster = Self { server: server.clone(), folder, keeper };
        cluster.wait_until_ready()?;
        cluster.psql("postgres", &["-c", "CREATE DATABASE theriac"])?;
        Ok(cluster)
    }

    /// For `DATABASE_URL`: the superuser `theriac` over the private socket.
    pub fn url(&self) -> String {
        format!("postgres://theriac@localhost/theriac?host={}", self.folder.display())
    }

    /// Runs every migration, in order, each in a transaction of its own.
    pub fn migrate(&self, folder: &Path) -> Result<()> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .with_context(|| format!("cannot list {}", folder.display()))?
            .collect::<std::io::Result<Vec<_>>>()?
            .into_iter()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
            .collect();
        files.sort();
        for file in files {
            // A migration opts out of the transaction by the same first line that sqlx reads.
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let single: &[&str] =
                if text.starts_with("-- no-transaction") { &[] } else { &["--single-transaction"] };
            let path = file.to_string_lossy();
            self.psql("theriac", &[single, &["-f", path.as_ref()]].concat())?;
        }
        Ok(())
    }

    /// Runs one statement in the database `theriac`.
    pub fn execute(&self, statement: &str) -> Result<()> {
        self.psql("theriac", &["-c", statement])
    }

    fn psql(&self, database: &str, arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(self.server.programs.join("psql"));
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "theriac", "-d", database, "-h"]);
        run(command.arg(&self.folder).args(arguments).stdin(Stdio::null()))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        let pid_file = self.folder.join("data/postmaster.pid");
        loop {
            // The server writes its state into the eighth line of its pid file.
            let state = std::fs::read_to_string(&pid_file).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if started.elapsed() > START_MAX {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                bail!("PostgreSQL did not start within {} s: {log}", START_MAX.as_secs());
            }
            std::thread::sleep(START_POLL);
        }
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("cannot wait for the PostgreSQL server: {error}");
        }
    }
}

/// Who runs the server: PostgreSQL refuses to run as root.
enum Account {
    Own,
    Other { uid: u32, gid: u32 },
}

impl Account {
    fn choose() -> Result<Self> {
        if !apt::is_root() {
            return Ok(Self::Own);
        }
        let accounts = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        for wanted in ["postgres", "nobody"] {
            let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted));
            let mut ids = line.iter().flat_map(|line| line.split(':')).skip(2).map(str::parse::<u32>);
            if let (Some(Ok(uid)), Some(Ok(gid))) = (ids.next(), ids.next()) {
                return Ok(Self::Other { uid, gid });
            }
        }
        bail!("running as root, and neither account `postgres` nor `nobody` exists to run PostgreSQL as")
    }

    fn own(&self, folder: &Path) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        if let Self::Other { uid, gid } = *self {
            std::os::unix::fs::chown(folder, Some(uid), Some(gid))
                .with_context(|| format!("cannot hand {} over", folder.display()))?;
        }
        Ok(())
    }

    /// A command of that account, in a folder that it may enter.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").env("LC_ALL", "C");
        if let Self::Other { uid, gid } = *self {
            command.uid(uid).gid(gid);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throwaway_cluster_runs_migrations_and_leaves_nothing() {
        let Some(server) = Server::find() else {
            println!("skipped: no PostgreSQL server on this machine");
            return;
        };
        let cluster = Throwaway::start(&server).unwrap();
        let folder = cluster.folder.clone();
        let migrations = folder.with_extension("migrations");
        std::fs::create_dir_all(&migrations).unwrap();
        std::fs::write(migrations.join("1_a.sql"), "CREATE TABLE a (b int); INSERT INTO a VALUES (1);")
            .unwrap();
        std::fs::write(migrations.join("2_b.sql"), "-- no-transaction\nVACUUM a;").unwrap();
        let result = cluster.migrate(&migrations);
        std::fs::remove_dir_all(&migrations).unwrap();
        result.unwrap();
        cluster.psql("theriac", &["-c", "SELECT 1 / count(*) FROM a"]).unwrap();
        drop(cluster);
        assert!(!folder.exists());
    }
}
