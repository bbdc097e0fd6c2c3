//! The server's settings, written before each start.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::layout::{Layout, PORT};

/// File in the data directory, included by `postgresql.conf`.
pub(super) const FILE: &str = "theriac.conf";

/// Connections: four services of 20, their listeners, a signer each, and tests beside them.
const CONNECTIONS_MAX: u32 = 200;

/// Text of the settings file; `extra` comes last and wins.
///
/// Durability is PostgreSQL's default and said again, because a benchmark tempts. What is chosen for the work:
/// random 32-byte keys touch a page each, so a checkpoint far away (15 min, 4 GB) and compressed full-page
/// images keep the log small. Logs carry no statement text and no key values, which could be serials.
pub(super) fn text(layout: &Layout, lz4: bool, extra: &[(String, String)]) -> String {
    let buffers = shared_buffers_mb(&fs::read_to_string("/proc/meminfo").unwrap_or_default());
    let compression = if lz4 { "lz4" } else { "pglz" };
    let mut text = String::from("# Written at every start by the launcher; changes here are lost.\n");
    let mut set = |name: &str, value: &str| {
        let quoted = value.replace('\\', "\\\\").replace('\'', "''");
        let _ = writeln!(text, "{name} = '{quoted}'");
    };
    set("listen_addresses", "");
    set("port", &PORT.to_string());
    set("unix_socket_directories", &layout.socket.to_string_lossy());
    set("unix_socket_permissions", "0700");
    set("max_connections", &CONNECTIONS_MAX.to_string());
    set("fsync", "on");
    set("synchronous_commit", "on");
    set("full_page_writes", "on");
    set("shared_buffers", &format!("{buffers}MB"));
    set("wal_compression", if lz4 { "lz4" } else { "on" });
    set("default_toast_compression", compression);
    set("max_wal_size", "4GB");
    set("checkpoint_timeout", "15min");
    set("autovacuum_naptime", "15s");
    set("jit", "off");
    set("timezone", "UTC");
    set("log_timezone", "UTC");
    set("log_line_prefix", "%m [%p] %d ");
    set("log_error_verbosity", "terse");
    set("log_min_error_statement", "panic");
    set("log_parameter_max_length", "0");
    set("log_checkpoints", "off");
    for (name, value) in extra {
        set(name, value);
    }
    text
}

/// An eighth of the machine's memory, between 128 MB and 1 GB.
fn shared_buffers_mb(meminfo: &str) -> u64 {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kilobytes: Option<u64> = total.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    (kilobytes.unwrap_or(0) / 1024 / 8).clamp(128, 1024)
}

/// Whether the server was built with lz4, as `pg_config` beside it says.
pub(super) fn has_lz4(bin: &Path) -> bool {
    std::process::Command::new(bin.join("pg_config"))
        .arg("--configure")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("--with-lz4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_follow_the_memory_within_bounds() {
        assert_eq!(shared_buffers_mb("MemTotal:        4194304 kB\n"), 512);
        assert_eq!(shared_buffers_mb("MemTotal:      263882772 kB\n"), 1024);
        assert_eq!(shared_buffers_mb(""), 128);
    }
}
