//! One organisation's service: its executable, run as a process.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::process::Command;

use crate::client::Client;
use crate::organisation::OrganisationSpec;
use crate::ports::Ports;
use crate::process::Process;
use crate::until::until;

/// How long a service may take from its start until it is ready. After a crash it replays blocks first.
pub const READY_MAX: Duration = Duration::from_secs(120);

/// A service of a network, running or not.
#[derive(Debug)]
pub struct Service {
    /// Whose it is.
    pub spec: OrganisationSpec,
    /// The organisation's number in the directory.
    pub id: u32,
    /// Where it listens.
    pub ports: Ports,
    /// Its database.
    pub database_url: String,
    pub(crate) folder: PathBuf,
    pub(crate) api_key: String,
    pub(crate) process: Option<Process>,
}

impl Service {
    /// Where its HTTP API is.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    /// A client of its HTTP API with every permission, at its last site.
    ///
    /// # Errors
    /// When the system has no sockets.
    pub fn client(&self) -> Result<Client> {
        Client::new(&self.base_url(), Some(&self.api_key))
    }

    /// The API key of [`Service::client`].
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The file that its output goes to.
    pub fn log_file(&self) -> PathBuf {
        self.folder.join("service.log")
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Starts the process; [`Service::ready`] waits until it serves.
    ///
    /// # Errors
    /// When it runs already or cannot be started.
    pub fn start(&mut self) -> Result<()> {
        if self.process.is_some() {
            bail!("{} runs already", self.spec.name);
        }
        let mut command = Command::from(self.command(&["serve"])?);
        command.kill_on_drop(true);
        let process = Process::start(&self.spec.name, command, &self.log_file(), &pid_file(&self.folder))?;
        self.process = Some(process);
        Ok(())
    }

    /// Waits until it is ready to serve, and says how long that took.
    ///
    /// # Errors
    /// When it ends instead, or takes longer than [`READY_MAX`]; with the end of its log.
    pub async fn ready(&mut self) -> Result<Duration> {
        let started = Instant::now();
        let client = Client::new(&self.base_url(), None)?;
        let log = self.log_file();
        let name = self.spec.name.clone();
        let process = self.process.as_mut().with_context(|| format!("{name} was not started"))?;
        loop {
            if let Some(status) = process.ended()? {
                self.process = None;
                bail!("{name} ended with {status}; the end of {}:\n{}", log.display(), tail(&log));
            }
            if client.get("/readyz").await.is_ok_and(|answer| answer.status.is_success()) {
                return Ok(started.elapsed());
            }
            if started.elapsed() > READY_MAX {
                bail!(
                    "{name} is not ready after {} s; the end of {}:\n{}",
                    READY_MAX.as_secs(),
                    log.display(),
                    tail(&log)
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How the process ended, once, if it has ended by itself.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        let Some(process) = self.process.as_mut() else { return Ok(None) };
        let ended = process.ended()?;
        if ended.is_some() {
            self.process = None;
        }
        Ok(ended)
    }

    /// Stops it in order; one that does not run is fine.
    ///
    /// # Errors
    /// When it had to be killed.
    pub async fn stop(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.stop().await,
            None => Ok(()),
        }
    }

    /// Kills it as a power cut would; one that does not run is fine.
    ///
    /// # Errors
    /// When the system cannot say that it is gone.
    pub async fn kill9(&mut self) -> Result<()> {
        match self.process.take() {
            Some(process) => process.kill9().await,
            None => Ok(()),
        }
    }

    /// Starts it again and waits until it is ready.
    ///
    /// # Errors
    /// As [`Service::stop`], [`Service::start`] and [`Service::ready`].
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await?;
        self.start()?;
        self.ready().await.map(|_| ())
    }

    /// The ledger's head as this service sees it: height and block hash. Height 0 before the first block, such as
    /// right after a restart.
    ///
    /// # Errors
    /// When it does not answer as documented.
    pub async fn head(&self) -> Result<(u64, String)> {
        let answer = self.client()?.get("/v1/ledger/head").await?;
        if answer.status.as_u16() == 404 {
            return Ok((0, String::new()));
        }
        let head = answer.ok()?;
        let height = head["height"].as_u64().context("the head has no height")?;
        Ok((height, head["hash"].as_str().unwrap_or_default().to_owned()))
    }

    /// Waits until this service has indexed a height.
    ///
    /// # Errors
    /// When it takes longer than `within`.
    pub async fn reaches(&self, height: u64, within: Duration) -> Result<()> {
        let what = format!("{} to reach height {height}", self.spec.name);
        until(&what, within, || async {
            Ok(self.head().await.ok().filter(|(at, _)| *at >= height).map(|_| ()))
        })
        .await
    }

    /// The block at a height as this service has it.
    ///
    /// # Errors
    /// When it has none.
    pub async fn block(&self, height: u64) -> Result<Value> {
        self.client()?.get(&format!("/v1/ledger/blocks/{height}")).await?.ok()
    }

    /// Runs a subcommand to its end and returns what it printed.
    ///
    /// # Errors
    /// When it fails, with what it said.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let shown = arguments.join(" ");
        let output = Command::from(self.command(arguments)?)
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot start {} {shown}", self.spec.role.as_str()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{} {shown}` failed: {}: {}", self.spec.role.as_str(), output.status, said.trim());
        }
        String::from_utf8(output.stdout).context("a service printed no UTF-8")
    }

    /// The executable with its configuration, and without this process's environment, whose `DATABASE_URL` is not its.
    fn command(&self, arguments: &[&str]) -> Result<std::process::Command> {
        let mut command = std::process::Command::new(executable(self.spec.role.as_str())?);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("RUST_BACKTRACE", "1").current_dir(&self.folder);
        command.arg("--config").arg(config_file(&self.folder)).args(arguments);
        Ok(command)
    }
}

/// The configuration of the service in this folder.
pub(crate) fn config_file(folder: &Path) -> PathBuf {
    folder.join("service.toml")
}

/// The file that names its process.
pub(crate) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("service.pid")
}

/// An executable of this workspace, beside the one that runs: `target/<profile>/` or, for tests, its `deps/`.
///
/// # Errors
/// When it was not built.
pub fn executable(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("this program does not know where it is")?;
    let folder = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).unwrap_or(&own);
    let path = folder.join(name);
    if !path.is_file() {
        bail!("{} was not built; `cargo xtask test` and `cargo xtask up` build it", path.display());
    }
    Ok(path)
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(8)).copied().collect::<Vec<_>>().join("\n")
}
