//! `cargo xtask up` as its users run it: a process with a folder, a last line and an exit code.

use anyhow::{Context as _, Result, ensure};
use e2e::service::executable;
use e2e::until::until;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::WITHIN;

/// `network up` on a state folder, and what it printed so far.
struct Up {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: Vec<String>,
}

impl Up {
    fn start(state: &Path, more: &[&str]) -> Result<Self> {
        let mut command = Command::new(executable("network")?);
        command.arg("up").arg("--state").arg(state).args(more);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("its output is piped")?;
        Ok(Self { child, lines: BufReader::new(out).lines(), said: Vec::new() })
    }

    async fn line(&mut self) -> Result<Option<String>> {
        let line =
            tokio::time::timeout(WITHIN, self.lines.next_line()).await.context("it says nothing")??;
        self.said.extend(line.clone());
        Ok(line)
    }

    async fn says(&mut self, part: &str) -> Result<()> {
        while let Some(line) = self.line().await? {
            if line.contains(part) {
                return Ok(());
            }
        }
        Err(anyhow::anyhow!("it ended without saying {part:?}: {:?}", self.said))
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }

    fn interrupt(&self) -> Result<()> {
        Ok(kill_process(self.pid().context("it runs")?, Signal::INT)?)
    }

    /// Its exit status, all that it printed, and all that it complained of.
    async fn end(mut self) -> Result<(ExitStatus, Vec<String>, String)> {
        while self.line().await?.is_some() {}
        let mut complaint = String::new();
        if let Some(mut err) = self.child.stderr.take() {
            err.read_to_string(&mut complaint).await?;
        }
        let status = self.child.wait().await?;
        Ok((status, std::mem::take(&mut self.said), complaint))
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            // After a failed check: it stops what it started.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// The blocks that the steps of a journey name.
fn blocks(said: &[String]) -> Vec<u64> {
    let block = |line: &String| {
        let mut words = line.split_whitespace().skip(1);
        let (block, took) = (words.next()?.parse().ok()?, words.next()?.parse::<u64>().ok()?);
        Some((block, took).0)
    };
    said.iter().filter_map(block).collect()
}

async fn once(state: &Path) -> Result<Vec<u64>> {
    let (status, said, complaint) = Up::start(state, &["--once"])?.end().await?;
    ensure!(status.success(), "{status}: {complaint}");
    let last = said.last().context("it said something")?;
    ensure!(last.starts_with("journey: ") && last.ends_with(" ok, 0 failed"), "the last line is {last:?}");
    Ok(blocks(&said))
}

/// The services and the server that run in a state folder.
fn processes(state: &Path) -> Result<Vec<Pid>> {
    let names = ["manufacturer", "distributor", "pharmacy", "regulator"];
    let files = names.map(|name| state.join(name).join("service.pid"));
    let pid = |file| {
        let text = fs::read_to_string(file)?;
        Pid::from_raw(text.lines().next().unwrap_or_default().trim().parse()?).context("a process id")
    };
    files.into_iter().chain([state.join("postgres/data/postmaster.pid")]).map(pid).collect()
}

async fn gone(processes: &[Pid]) -> Result<()> {
    until("every process to be gone", WITHIN, || async {
        Ok(processes.iter().all(|pid| test_kill_process(*pid).is_err()).then_some(()))
    })
    .await
}

fn folder() -> Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("theriac-up-").tempdir()?;
    // The account that runs PostgreSQL must pass through.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_from_where_it_ended_and_starts_anew_when_told_to() -> Result<()> {
    let folder = folder()?;
    let state = folder.path().join("state");
    let genesis = || fs::read(state.join("genesis.json"));

    let first = once(&state).await?;
    let founded = genesis()?;
    let second = once(&state).await?;
    ensure!(genesis()? == founded, "another genesis");
    ensure!(second.iter().min() > first.iter().max(), "not the same chain: {first:?}, then {second:?}");

    // Interrupted on its way, it says how far it got.
    let mut up = Up::start(&state, &["--once"])?;
    up.says("captured").await?;
    let running = processes(&state)?;
    up.interrupt()?;
    let (status, said, complaint) = up.end().await?;
    let last = said.last().context("it said something")?;
    ensure!(!status.success() && complaint.contains("interrupted"), "{status}: {complaint}");
    ensure!(last.starts_with("journey: ") && !last.ends_with(" 0 failed"), "the last line is {last:?}");
    gone(&running).await?;

    // Anew, and left running until Ctrl-C.
    let mut up = Up::start(&state, &["--reset"])?;
    up.says("Ctrl-C stops everything").await?;
    ensure!(genesis()? != founded, "the same genesis after --reset");
    let running = processes(&state)?;
    ensure!(running.iter().all(|pid| test_kill_process(*pid).is_ok()), "something does not run");
    up.interrupt()?;
    let (status, said, complaint) = up.end().await?;
    ensure!(status.success(), "{status}: {complaint}");
    ensure!(said.iter().any(|line| line.starts_with("everything is stopped")), "{said:?}");
    ensure!(blocks(&said).iter().min() < second.iter().min(), "not a new chain: {said:?}");
    gone(&running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_while_it_starts_it_leaves_nothing_behind() -> Result<()> {
    let folder = folder()?;
    let state = folder.path().join("state");
    let up = Up::start(&state, &["--once"])?;
    let data = state.join("postgres/data.new");
    until("initdb to begin", WITHIN, || async { Ok(data.exists().then_some(())) }).await?;
    up.interrupt()?;
    let (status, _, complaint) = up.end().await?;
    ensure!(!status.success() && complaint.contains("interrupted"), "{status}: {complaint}");
    let path = data.to_string_lossy().into_owned();
    let runs = |process: fs::DirEntry| {
        fs::read(process.path().join("cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&path))
    };
    until("initdb to be gone", WITHIN, || async {
        Ok((!fs::read_dir("/proc")?.filter_map(Result::ok).any(runs)).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_cannot_use_it_names_and_leaves_alone() -> Result<()> {
    let folder = folder()?;
    fs::write(folder.path().join("thesis.txt"), "years")?;
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let unanswered = format!("pharmacy=postgres://a@127.0.0.1:{}/a", silent.local_addr()?.port());
    let state = folder.path().join("state");
    for (state, more, named) in [
        (folder.path(), &["--once"][..], "is not empty"),
        (folder.path(), &["--reset", "--once"], "is not empty"),
        (&state, &["--database", "foo=postgres://a@localhost/a"], "manufacturer, distributor, pharmacy"),
        (&state, &["--database", &unanswered], "does not answer within"),
    ] {
        let (status, _, complaint) = Up::start(state, more)?.end().await?;
        ensure!(!status.success() && complaint.contains(named), "{more:?}: {status}: {complaint}");
    }
    let left = fs::read_dir(folder.path())?.map(|entry| Ok(entry?.file_name()));
    ensure!(left.collect::<Result<Vec<_>>>()? == ["thesis.txt"], "something was changed");
    Ok(())
}
