//! Database transactions by name, from the services' logs: where the time between capture and finality goes.

use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::quantiles::Quantiles;

/// What makes services log their transactions (`[telemetry]`).
pub const CONFIGURATION: &str = "[telemetry]\nfilter = \"info,store=debug\"\n";

/// Lines of a log that are read: a busy minute writes some ten thousand.
const LINES_MAX: usize = 2_000_000;

/// The transactions of one service.
#[derive(Debug, Serialize)]
pub struct Transactions {
    /// The service.
    pub service: String,
    /// By the whole time that they took, the longest first.
    pub by_name: Vec<Named>,
}

/// All transactions of one name.
#[derive(Debug, Serialize)]
pub struct Named {
    /// The name that `store::tx` was given.
    pub name: String,
    /// How many.
    pub count: usize,
    /// Their whole time, in seconds.
    pub seconds: f64,
    /// Median, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 95th percentile, in milliseconds.
    pub p95_ms: Option<f64>,
}

impl Transactions {
    /// Reads a service's log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(service: &str, log: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(log)?;
        Ok(Self::of(service, &String::from_utf8_lossy(&text)))
    }

    fn of(service: &str, log: &str) -> Self {
        let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
        for line in log.lines().take(LINES_MAX).filter(|line| line.contains("\"tx.name\"")) {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            let (Some(name), Some(ms)) = (line["tx.name"].as_str(), line["duration_ms"].as_f64()) else {
                continue;
            };
            times.entry(name.to_owned()).or_default().push(Duration::from_secs_f64(ms.max(0.0) / 1_000.0));
        }
        let named = |(name, times): (String, Vec<Duration>)| {
            let (count, seconds) = (times.len(), times.iter().sum::<Duration>().as_secs_f64());
            let quantiles = Quantiles::of(times);
            Named { name, count, seconds, p50_ms: quantiles.ms(500), p95_ms: quantiles.ms(950) }
        };
        let mut by_name: Vec<Named> = times.into_iter().map(named).collect();
        by_name.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        Self { service: service.to_owned(), by_name }
    }

    /// One line a name.
    pub fn text(&self) -> String {
        let mut text = format!(
            "\n{:<14} {:<20} {:>8} {:>9} {:>9} {:>9}\n",
            self.service, "transaction", "count", "whole s", "p50 ms", "p95 ms"
        );
        for one in &self.by_name {
            let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
            let (p50, p95) = (ms(one.p50_ms), ms(one.p95_ms));
            text.push_str(&format!(
                "{:<14} {:<20} {:>8} {:>9.2} {p50:>9} {p95:>9}\n",
                "", one.name, one.count, one.seconds
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_counted_by_name() {
        let line = |name: &str, ms: f64| {
            serde_json::json!({"level": "DEBUG", "message": "database transaction", "tx.name": name, "duration_ms": ms})
                .to_string()
        };
        let log = [line("batch", 2.0), "not JSON".to_owned(), line("index_block", 9.0), line("batch", 4.0)]
            .join("\n");
        let found = Transactions::of("pharmacy", &log);
        assert_eq!(
            found.by_name.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["index_block", "batch"]
        );
        assert_eq!(found.by_name[1].count, 2);
        assert_eq!(found.by_name[1].p50_ms, Some(2.0));
        assert!(found.text().contains("index_block"));
    }
}
