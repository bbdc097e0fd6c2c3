//! The running server behind a data directory, as its `postmaster.pid` tells.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::layout::Layout;

/// What is known of the server of a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Postmaster {
    /// No server, nothing left of one.
    None,
    /// A server that answers on the socket.
    Live(Pid),
    /// A PostgreSQL process that does not answer: it is starting or stopping.
    Busy(Pid),
    /// The file of a server that is gone; its number may be another program's by now.
    Stale,
}

impl Postmaster {
    /// Looks.
    pub fn look(layout: &Layout) -> Self {
        let Ok(text) = fs::read_to_string(layout.data.join("postmaster.pid")) else {
            return Postmaster::None;
        };
        let Some(pid) = parse_pid(&text) else {
            return Postmaster::Stale;
        };
        if !is_postgres(pid) {
            return Postmaster::Stale;
        }
        match UnixStream::connect(layout.socket_file()) {
            Ok(_) => Postmaster::Live(pid),
            Err(_) => Postmaster::Busy(pid),
        }
    }

    /// Its process id, if there is a process.
    pub fn pid(self) -> Option<Pid> {
        match self {
            Postmaster::Live(pid) | Postmaster::Busy(pid) => Some(pid),
            Postmaster::None | Postmaster::Stale => None,
        }
    }
}

/// Removes what a dead server left in the way of the next.
pub(super) fn clear_stale(layout: &Layout) {
    for path in [layout.data.join("postmaster.pid"), layout.socket_file(), lock_of(&layout.socket_file())] {
        // Absent is what is wanted; any other failure shows when the server starts.
        let _ = fs::remove_file(path);
    }
}

/// Kills the server as a power cut would. Its children notice and leave.
pub(super) fn kill(pid: Pid) {
    // Gone already is what is wanted.
    let _ = kill_process(pid, Signal::KILL);
}

fn lock_of(socket: &Path) -> std::path::PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The first line of `postmaster.pid`.
fn parse_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

/// Whether that process exists and is a PostgreSQL server.
fn is_postgres(pid: Pid) -> bool {
    if matches!(test_kill_process(pid), Err(error) if error == rustix::io::Errno::SRCH) {
        return false;
    }
    let number = pid.as_raw_nonzero().to_string();
    let name = match fs::read_to_string(format!("/proc/{number}/comm")) {
        Ok(name) => name,
        Err(_) => match std::process::Command::new("ps").args(["-o", "comm=", "-p", &number]).output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
            Err(_) => return false,
        },
    };
    let name = name.trim();
    let name = name.rsplit('/').next().unwrap_or(name);
    (name == "postgres" || name == "postmaster") && !is_zombie(&number)
}

/// A server that was killed and that nobody waited for yet.
fn is_zombie(number: &str) -> bool {
    fs::read_to_string(format!("/proc/{number}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recycled_process_number_is_stale() {
        assert!(!is_postgres(rustix::process::getpid()));
        assert_eq!(parse_pid("4711\n/data\n"), Pid::from_raw(4711));
        assert_eq!(parse_pid(""), None);
        assert_eq!(parse_pid("nonsense"), None);
    }
}
