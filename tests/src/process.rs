//! Child processes in groups of their own, recognisable after this process is gone.

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};

use crate::service::{config_file, pid_file};
use crate::until::until;

/// How long a process may take to stop in order before it is killed. A service's own bound on shutdown is shorter.
pub const STOP_MAX: Duration = Duration::from_secs(20);

/// A running child, its process group and the file that tells later runs about it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    pid: Pid,
    pid_file: PathBuf,
}

impl Process {
    /// Starts `command` in a process group of its own, so that Ctrl-C reaches only us and we stop children in order.
    /// Output goes to the end of `log`; the process is killed when the value is dropped.
    ///
    /// # Errors
    /// When the program cannot be started or a file not be written.
    pub fn start(name: &str, mut command: Command, log: &Path, pid_file: &Path) -> Result<Self> {
        let open = || File::options().create(true).append(true).open(log);
        let out = open().with_context(|| format!("cannot open {}", log.display()))?;
        let err = open().with_context(|| format!("cannot open {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
            .with_context(|| format!("{name} ended at once"))?;
        let mark = start_mark(pid).unwrap_or_default();
        fs::write(pid_file, format!("{}\n{mark}\n", pid.as_raw_nonzero()))
            .with_context(|| format!("cannot write {}", pid_file.display()))?;
        Ok(Self { name: name.to_owned(), child, pid, pid_file: pid_file.to_owned() })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system cannot say.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot look at {}", self.name))
    }

    /// Stops it in order (SIGTERM), and kills it when it takes longer than [`STOP_MAX`].
    ///
    /// # Errors
    /// When it had to be killed, or said by its exit code that it did not stop in order.
    pub async fn stop(mut self) -> Result<()> {
        signal(self.pid, Signal::TERM);
        let status = match tokio::time::timeout(STOP_MAX, self.child.wait()).await {
            Ok(status) => status.with_context(|| format!("cannot wait for {}", self.name))?,
            Err(_) => {
                let name = self.name.clone();
                self.kill9().await?;
                bail!("{name} did not stop within {} s and was killed", STOP_MAX.as_secs());
            }
        };
        self.forget();
        if !status.success() {
            bail!("{} stopped with {status}", self.name);
        }
        Ok(())
    }

    /// Kills the whole group at once, as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When the system cannot say that it is gone.
    pub async fn kill9(mut self) -> Result<()> {
        signal(self.pid, Signal::KILL);
        self.child.wait().await.with_context(|| format!("cannot wait for {}", self.name))?;
        self.forget();
        Ok(())
    }

    fn forget(&self) {
        // A file that stays names a process that is gone, which the next run finds out by itself.
        let _ = fs::remove_file(&self.pid_file);
    }
}

/// Signals a process group. A group that is gone is what the caller wants, or notices by waiting.
fn signal(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Stops the service that runs in `folder`, if there is one: the process that `service.pid` there tells of, if it is
/// still that one and not another with a recycled number. Says whether there was one.
///
/// # Errors
/// When it neither stops nor can be killed.
pub async fn stop_left_over(folder: &Path) -> Result<bool> {
    let pid_file = &pid_file(folder);
    let Some(pid) = left_over(folder) else {
        let _ = fs::remove_file(pid_file);
        return Ok(false);
    };
    signal(pid, Signal::TERM);
    let gone = || async { Ok(is_gone(pid).then_some(())) };
    if until("a process of an earlier run to stop", STOP_MAX, gone).await.is_err() {
        signal(pid, Signal::KILL);
        until("a killed process to go", STOP_MAX, gone).await?;
    }
    let _ = fs::remove_file(pid_file);
    Ok(true)
}

/// The process that `service.pid` in this folder tells of, if it runs with the configuration there.
pub fn left_over(folder: &Path) -> Option<Pid> {
    let text = fs::read_to_string(pid_file(folder)).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?)?;
    let mark = lines.next()?;
    let same = !mark.is_empty() && !is_gone(pid) && start_mark(pid).as_deref() == Some(mark);
    (same && command_line(pid)?.contains(&*config_file(folder).to_string_lossy())).then_some(pid)
}

/// What a process was started with; arguments are separated by something or other.
fn command_line(pid: Pid) -> Option<String> {
    let pid = pid.as_raw_nonzero().to_string();
    if let Ok(arguments) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&arguments).into_owned());
    }
    let output = std::process::Command::new("ps").args(["-o", "command=", "-p", &pid]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn is_gone(pid: Pid) -> bool {
    test_kill_process(pid).is_err()
        || stat(pid).is_some_and(|fields| fields.first().is_some_and(|state| state == "Z"))
}

/// What tells two processes of the same number apart: the boot, and when in it the process started.
fn start_mark(pid: Pid) -> Option<String> {
    if let Some(fields) = stat(pid) {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        // Field 22 of proc(5), of which `stat` leaves out the first two.
        return Some(format!("{} {}", boot.trim(), fields.get(19)?));
    }
    let pid = pid.as_raw_nonzero().to_string();
    let output = std::process::Command::new("ps").args(["-o", "lstart=", "-p", &pid]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Fields of `/proc/PID/stat` from the third on (the second, the program's name, may hold anything).
fn stat(pid: Pid) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that looks like the service of `folder`, its number in `service.pid` of `told`.
    fn sleeper(folder: &Path, told: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600; true", "sh", "--config"]).arg(config_file(folder));
        Process::start("sleep", command, &folder.join("log"), &pid_file(told)).unwrap()
    }

    #[tokio::test]
    async fn a_killed_run_is_recognised_by_number_and_start_time() {
        let folder = tempfile::tempdir().unwrap();
        let pid_file = pid_file(folder.path());
        let mut process = sleeper(folder.path(), folder.path());
        // For a moment after the start a process has no command line yet.
        let found = until("its command line", STOP_MAX, || async { Ok(left_over(folder.path())) }).await;
        assert_eq!(found.unwrap(), process.pid);

        let written = fs::read_to_string(&pid_file).unwrap();
        let (number, _) = written.split_once('\n').unwrap();
        fs::write(&pid_file, format!("{number}\nanother boot 1\n")).unwrap();
        assert!(!stop_left_over(folder.path()).await.unwrap(), "a recycled number is left alone");
        assert!(process.ended().unwrap().is_none());

        fs::write(&pid_file, written).unwrap();
        assert!(stop_left_over(folder.path()).await.unwrap());
        assert!(process.child.wait().await.is_ok());
        assert!(!pid_file.exists());
        assert!(!stop_left_over(folder.path()).await.unwrap(), "once");
    }

    #[tokio::test]
    async fn kill9_waits_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let process = sleeper(folder.path(), folder.path());
        let pid = process.pid;
        process.kill9().await.unwrap();
        assert!(test_kill_process(pid).is_err());
        assert!(!pid_file(folder.path()).exists());
    }

    #[tokio::test]
    async fn a_process_that_is_not_the_folders_service_is_left_alone() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut process = sleeper(folder.path(), other.path());
        assert!(!stop_left_over(other.path()).await.unwrap());
        assert!(process.ended().unwrap().is_none());
        process.kill9().await.unwrap();
    }
}
