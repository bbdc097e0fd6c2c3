//! What processes use, as the kernel counts it: `/proc` of Linux (proc(5)).

use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Network;

/// Time on a processor by process, at one moment.
#[derive(Debug, Clone)]
pub struct Usage {
    at: Instant,
    by: BTreeMap<String, Duration>,
}

impl Usage {
    /// Of the services, of PostgreSQL by database, and of this program. Empty where there is no `/proc`.
    pub fn now(network: &Network) -> Self {
        let mut by = BTreeMap::new();
        for service in network.services() {
            let time = service.pid().and_then(|pid| on_cpu(pid).ok());
            by.extend(time.map(|time| (service.spec.name.clone(), time)));
        }
        for (name, time) in postgres(network) {
            *by.entry(format!("postgres {name}")).or_default() += time;
        }
        by.extend(on_cpu(std::process::id()).ok().map(|time| ("bench".to_owned(), time)));
        Self { at: Instant::now(), by }
    }

    /// Cores in use since `earlier`, the busiest first.
    pub fn since(&self, earlier: &Self) -> Vec<(String, f64)> {
        let seconds = self.at.duration_since(earlier.at).as_secs_f64().max(0.001);
        let cores = |(who, time): (&String, &Duration)| {
            let before = earlier.by.get(who).copied().unwrap_or_default();
            (who.clone(), time.saturating_sub(before).as_secs_f64() / seconds)
        };
        let mut cores: Vec<(String, f64)> =
            self.by.iter().map(cores).filter(|(_, cores)| *cores >= 0.005).collect();
        cores.sort_by(|a, b| b.1.total_cmp(&a.1));
        cores
    }
}

/// Time that all threads of a process were on a processor.
///
/// # Errors
/// When the process is gone, or the kernel does not count.
pub fn on_cpu(pid: u32) -> Result<Duration> {
    let mut nanos = 0_u64;
    let tasks = format!("/proc/{pid}/task");
    for task in fs::read_dir(&tasks).with_context(|| format!("there is no {tasks}"))? {
        // A thread that ends meanwhile is not there to be read.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        let on_cpu = text.split_whitespace().next().and_then(|nanos| nanos.parse::<u64>().ok());
        nanos += on_cpu.context("the kernel counts no time on processors")?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// Resident memory of a process, in bytes.
///
/// # Errors
/// When the process is gone, or the kernel does not say.
pub fn resident(pid: u32) -> Result<u64> {
    kilobytes(pid, "VmRSS:").map(|kilobytes| kilobytes * 1024)
}

/// Resident memory of a process when it was largest, in bytes.
///
/// # Errors
/// When the process is gone, or the kernel does not say.
pub fn resident_peak(pid: u32) -> Result<u64> {
    kilobytes(pid, "VmHWM:").map(|kilobytes| kilobytes * 1024)
}

fn kilobytes(pid: u32, name: &str) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("there is no {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.context("the kernel does not say how much memory is resident")
}

/// Time of the servers' processes, by what they work for: the database, or the server itself.
fn postgres(network: &Network) -> Vec<(String, Duration)> {
    let servers: Vec<u32> = network.clusters().filter_map(|cluster| postmaster(cluster.data_dir())).collect();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mine =
        |pid: &u32| servers.contains(pid) || parent(*pid).is_some_and(|parent| servers.contains(&parent));
    pids.filter(mine).filter_map(|pid| Some((works_for(pid), on_cpu(pid).ok()?))).collect()
}

fn postmaster(data: &Path) -> Option<u32> {
    fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

fn parent(pid: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Field 4 of proc(5); the second, the program's name, may hold anything.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// A server process calls itself `postgres: USER DATABASE …`, or by what it does for all.
fn works_for(pid: u32) -> String {
    let title = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let title = String::from_utf8_lossy(&title);
    let mut words = title.trim_start_matches("postgres: ").split([' ', '\0']);
    match (words.next(), words.next()) {
        (Some(user), Some(database)) if user == database && !user.is_empty() => database.to_owned(),
        _ => "server".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        if !Path::new("/proc/self/schedstat").exists() {
            println!("skipped: the kernel has no schedstat");
            return;
        }
        let pid = std::process::id();
        assert!(on_cpu(pid).unwrap() > Duration::ZERO);
        assert!(resident(pid).unwrap() > 1 << 20);
        assert!(resident_peak(pid).unwrap() >= resident(pid).unwrap());
        assert!(on_cpu(u32::MAX).is_err());
        assert!(parent(pid).is_some());
    }
}
