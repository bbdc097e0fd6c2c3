//! PostgreSQL's own benchmark, found beside the server's programs.

use anyhow::{Context as _, Result, ensure};
use std::time::Duration;
use tokio::process::Command;

use super::run::Run;

/// A point look-up on the table that authentication reads. Keys are hashes, which pgbench cannot compute: it takes the
/// first key at or after four random bytes, one descent of the same index and one row.
const SCRIPT: &str = "\\set n random(-2147483648, 2147483647)\n\
    SELECT record FROM status_record WHERE record_key >= int4send(:n::integer) ORDER BY record_key LIMIT 1;\n";
/// Sessions, and threads of pgbench.
const SESSIONS: (&str, &str) = ("16", "1");

/// Look-ups a second at an organisation's database.
///
/// # Errors
/// When pgbench is not there, or fails.
pub async fn selects(run: &Run, organisation: &str) -> Result<f64> {
    let cluster = run.network.clusters().next().context("the database is not one that this run started")?;
    let program = cluster.binaries().dir.join("pgbench");
    ensure!(program.is_file(), "{} is not there", program.display());
    let script = run.network.folder().join("select.pgbench");
    std::fs::write(&script, SCRIPT).with_context(|| format!("cannot write {}", script.display()))?;
    let seconds = run.seconds.to_string();
    let mut command = Command::new(&program);
    command.args(["-n", "-M", "prepared", "-c", SESSIONS.0, "-j", SESSIONS.1, "-T", &seconds, "-f"]);
    command.arg(&script).arg(&run.service(organisation)?.database_url).kill_on_drop(true);
    let bound = run.window() + Duration::from_secs(30);
    let output = tokio::time::timeout(bound, command.output()).await.context("pgbench does not end")??;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    tps(&said).with_context(|| format!("pgbench said no tps: {said}"))
}

/// `tps = 64000.123456 (without initial connection time)`.
fn tps(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.strip_prefix("tps = "))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rate_is_read() {
        let said = "latency average = 0.2 ms\ntps = 64000.25 (without initial connection time)\n";
        assert_eq!(super::tps(said), Some(64_000.25));
        assert_eq!(super::tps("pgbench: error"), None);
    }
}
