//! Making, starting and stopping the private cluster.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use sqlx::Connection;
use tokio::process::Command;

use super::account::Account;
use super::binaries::Binaries;
use super::databases::SUPERUSER;
use super::error::EmbeddedError;
use super::layout::Layout;
use super::postmaster::{self, Postmaster};
use super::settings;

/// What to start, and where.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// The folder the cluster belongs to; two folders never share one. Started by root, the data are elsewhere
    /// when the server's account cannot pass through to this folder (see [`Cluster::data_dir`]).
    pub state_dir: PathBuf,
    /// Folder with `initdb`, `pg_ctl` and `postgres`; searched for when absent.
    pub bin_dir: Option<PathBuf>,
    /// Settings that replace the launcher's, as in `postgresql.conf`.
    pub settings: Vec<(String, String)>,
    /// How long a start or a stop may take. Recovery after a crash replays at most 4 GB of log.
    pub timeout: Duration,
}

impl ClusterConfig {
    /// Defaults for `state_dir`.
    pub fn new(state_dir: impl Into<PathBuf>) -> Self {
        ClusterConfig {
            state_dir: state_dir.into(),
            bin_dir: None,
            settings: Vec::new(),
            timeout: Duration::from_secs(120),
        }
    }
}

/// How to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopMode {
    /// Ends sessions, writes a checkpoint: the normal way.
    Fast,
    /// Stops at once; the next start recovers from the log.
    Immediate,
    /// `kill -9`, for fault tests.
    Kill,
}

/// A private PostgreSQL server that runs.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    binaries: Binaries,
    account: Option<Account>,
    timeout: Duration,
}

impl Cluster {
    /// Starts the cluster of `config.state_dir`, making it first when it is new, or takes over its server when
    /// that is running. Blocks other starters on the same folder until it is done.
    ///
    /// # Errors
    /// Any [`EmbeddedError`]; its message says what to do.
    pub async fn start(config: &ClusterConfig) -> Result<Self, EmbeddedError> {
        let account = Account::to_switch_to()?;
        let layout = Layout::prepare(&config.state_dir, account)?;
        let _lock = lock(&layout.base.join("lock")).await?;
        let existing = layout.data_major()?;
        let binaries =
            Binaries::find(config.bin_dir.as_deref(), existing.map(|major| (layout.data.as_path(), major)))?;
        let cluster = Cluster { layout, binaries, account, timeout: config.timeout };
        if existing.is_none() {
            cluster.initialise().await?;
        }
        cluster.bring_up(&config.settings).await?;
        Ok(cluster)
    }

    /// Stops whatever server a former run left on `config.state_dir`; `true` when there was one.
    ///
    /// # Errors
    /// Any [`EmbeddedError`].
    pub async fn stop_left_over(config: &ClusterConfig, mode: StopMode) -> Result<bool, EmbeddedError> {
        if !config.state_dir.exists() {
            return Ok(false);
        }
        let account = Account::to_switch_to()?;
        let layout = Layout::prepare(&config.state_dir, account)?;
        if Postmaster::look(&layout).pid().is_none() {
            return Ok(false);
        }
        let major = layout.data_major()?.map(|major| (layout.data.as_path(), major));
        let binaries = Binaries::find(config.bin_dir.as_deref(), major)?;
        Cluster { layout: layout.clone(), binaries, account, timeout: config.timeout }.stop(mode).await?;
        Ok(true)
    }

    /// Deletes the cluster of `config.state_dir` with all its data; the server must have been stopped.
    ///
    /// # Errors
    /// [`EmbeddedError::Io`].
    pub fn delete(config: &ClusterConfig) -> Result<(), EmbeddedError> {
        let layout = Layout::prepare(&config.state_dir, Account::to_switch_to()?)?;
        for dir in [&layout.socket, &layout.base] {
            match fs::remove_dir_all(dir) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(EmbeddedError::io("delete", dir)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.layout.data
    }

    /// The server's log file.
    pub fn log_file(&self) -> &Path {
        &self.layout.log
    }

    /// The folder of the socket.
    pub fn socket_dir(&self) -> &Path {
        &self.layout.socket
    }

    /// The programs in use.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// Whether the server answers now.
    pub fn is_live(&self) -> bool {
        matches!(Postmaster::look(&self.layout), Postmaster::Live(_))
    }

    /// Stops the server. Dropping a `Cluster` does not: see the module's documentation.
    ///
    /// # Errors
    /// [`EmbeddedError::Timeout`] when it does not stop within the bound.
    pub async fn stop(&self, mode: StopMode) -> Result<(), EmbeddedError> {
        let Some(pid) = Postmaster::look(&self.layout).pid() else {
            return Ok(());
        };
        let word = match mode {
            StopMode::Kill => {
                postmaster::kill(pid);
                return self.wait_until("stop", || Postmaster::look(&self.layout).pid().is_none()).await;
            }
            StopMode::Fast => "fast",
            StopMode::Immediate => "immediate",
        };
        let seconds = self.timeout.as_secs().to_string();
        let mut command = self.command("pg_ctl");
        command.args(["stop", "-w", "-m", word, "-t", &seconds, "-D"]).arg(&self.layout.data);
        let output = run(&mut command, "pg_ctl").await?;
        if !output.status.success() && Postmaster::look(&self.layout).pid().is_some() {
            return Err(self.timed_out("stop"));
        }
        Ok(())
    }

    /// `initdb` into a folder that gets its name only when it is complete.
    async fn initialise(&self) -> Result<(), EmbeddedError> {
        let new = self.layout.base.join("data.new");
        if new.exists() {
            fs::remove_dir_all(&new).map_err(EmbeddedError::io("delete", &new))?;
        }
        let mut command = self.command("initdb");
        command.args(["--username", SUPERUSER, "--auth-local=trust", "--auth-host=reject"]);
        command.args(["--encoding=UTF8", "--locale=C", "--data-checksums", "-D"]).arg(&new);
        let output = run(&mut command, "initdb").await?;
        if !output.status.success() {
            return Err(EmbeddedError::Program { program: "initdb", said: tail(&output.stderr) });
        }
        let conf = new.join("postgresql.conf");
        let text = fs::read_to_string(&conf).map_err(EmbeddedError::io("read", &conf))?;
        let text = format!("{text}\ninclude_if_exists = '{}'\n", settings::FILE);
        fs::write(&conf, text).map_err(EmbeddedError::io("write", &conf))?;
        fs::rename(&new, &self.layout.data).map_err(EmbeddedError::io("rename", &new))
    }

    async fn bring_up(&self, extra: &[(String, String)]) -> Result<(), EmbeddedError> {
        let busy = || !matches!(Postmaster::look(&self.layout), Postmaster::Busy(_));
        self.wait_until("start", busy).await?;
        if let Postmaster::Live(_) = Postmaster::look(&self.layout) {
            return self.wait_ready().await;
        }
        postmaster::clear_stale(&self.layout);
        let lz4 = settings::has_lz4(&self.binaries.dir);
        let conf = self.layout.data.join(settings::FILE);
        fs::write(&conf, settings::text(&self.layout, lz4, extra))
            .map_err(EmbeddedError::io("write", &conf))?;
        let seconds = self.timeout.as_secs().to_string();
        let mut command = self.command("pg_ctl");
        command
            .args(["start", "-w", "-t", &seconds, "-l"])
            .arg(&self.layout.log)
            .arg("-D")
            .arg(&self.layout.data);
        let output = run(&mut command, "pg_ctl").await?;
        if !output.status.success() {
            let log = fs::read(&self.layout.log).unwrap_or_default();
            return Err(EmbeddedError::Program { program: "postgres", said: tail(&log) });
        }
        self.wait_ready().await
    }

    /// Waits until the server accepts sessions: one that recovers refuses them.
    async fn wait_ready(&self) -> Result<(), EmbeddedError> {
        let start = Instant::now();
        loop {
            match self.superuser().await {
                Ok(conn) => {
                    conn.close().await.map_err(crate::error::Error::from)?;
                    return Ok(());
                }
                Err(_) if start.elapsed() < self.timeout => tokio::time::sleep(POLL).await,
                Err(error) => return Err(error),
            }
        }
    }

    async fn wait_until(&self, what: &'static str, done: impl Fn() -> bool) -> Result<(), EmbeddedError> {
        let start = Instant::now();
        while !done() {
            if start.elapsed() > self.timeout {
                return Err(self.timed_out(what));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    fn timed_out(&self, what: &'static str) -> EmbeddedError {
        EmbeddedError::Timeout { what, seconds: self.timeout.as_secs(), log: self.layout.log.clone() }
    }

    /// One of PostgreSQL's programs, as the server's account, in a process group of its own, without this
    /// process's environment (`PGDATA`, `PGPORT` and the like would be obeyed).
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.env_clear().env("LC_ALL", "C").env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(&self.layout.base).process_group(0);
        command.stdin(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}

/// Between two looks at a server that starts or stops.
const POLL: Duration = Duration::from_millis(20);

/// Runs a program to its end. `pg_ctl` hands its log file to the server, so the pipes close with `pg_ctl`.
/// When the caller gives up, the program is killed with all that it started; a server that `pg_ctl` started has a
/// group of its own and stays.
async fn run(command: &mut Command, program: &'static str) -> Result<Output, EmbeddedError> {
    let failed = EmbeddedError::io("run", Path::new(program));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Err(failed(error)),
    };
    let mut group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let output = child.wait_with_output().await.map_err(failed)?;
    group.0 = None;
    Ok(output)
}

/// The process group of a program, killed when dropped before the program has ended.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Gone already is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Holds the file's lock until dropped.
async fn lock(path: &Path) -> Result<File, EmbeddedError> {
    let owned = path.to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).append(true).open(owned)?;
        file.lock()?;
        Ok(file)
    });
    locked
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
        .map_err(EmbeddedError::io("lock", path))
}

/// The last lines of what a program said, on one line.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(3)..].join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_nobody_waits_for_any_more_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 600 & echo $! > \"$0.new\"; mv \"$0.new\" \"$0\"; wait"])
            .arg(&file)
            .process_group(0);
        let ready = async {
            while !file.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = run(&mut command, "sh") => panic!("it ended"),
            () = ready => {}
        }
        let pid: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let stat = PathBuf::from(format!("/proc/{pid}/stat"));
        let start = Instant::now();
        // Whoever adopts it may not have waited for it yet.
        while fs::read_to_string(&stat).is_ok_and(|text| !text.contains(") Z ")) {
            assert!(start.elapsed() < Duration::from_secs(10), "it lives");
            tokio::task::yield_now().await;
        }
    }
}
