//! What a service costs while nobody asks for anything: consensus beats, loops look around, nothing more.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

use super::processes::{on_cpu, resident};
use super::report::{Row, figure};
use super::run::Run;

/// After the start, or the last work, things come to rest: connections are made, caches written.
const REST: Duration = Duration::from_secs(3);
const NAME: &str = "idle service";
const AIM: &str = "< 1 % of a core, < 150 MB";

/// Measures the services over twice the run's seconds.
pub async fn rows(run: &Run) -> Vec<Row> {
    let measured = match row(run).await {
        Ok(row) => row,
        Err(why) => Row::not_taken(NAME, AIM, &why),
    };
    vec![measured]
}

async fn row(run: &Run) -> Result<Row> {
    tokio::time::sleep(REST).await;
    let (start, before) = (Instant::now(), times(run)?);
    tokio::time::sleep(run.window() * 2).await;
    let (seconds, after) = (start.elapsed().as_secs_f64(), times(run)?);
    let mut row = Row::new(NAME, AIM, Vec::new());
    let (mut most_cpu, mut most_memory) = (0.0_f64, 0.0_f64);
    for ((name, pid, before), (.., after)) in before.iter().zip(&after) {
        let cpu = after.saturating_sub(*before).as_secs_f64() / seconds * 100.0;
        let memory = resident(*pid)? as f64 / 1_048_576.0;
        (most_cpu, most_memory) = (most_cpu.max(cpu), most_memory.max(memory));
        row = row.note(format!("{name}: {cpu:.2} % of a core over {seconds:.0} s, {memory:.0} MB resident"));
    }
    row.figures =
        vec![figure("", most_cpu, "% of a core (worst)"), figure("", most_memory, "MB resident (worst)")];
    Ok(row.met(most_cpu < 1.0 && most_memory < 150.0))
}

/// Each service, its process, and its time on a processor.
fn times(run: &Run) -> Result<Vec<(String, u32, Duration)>> {
    let mut times = Vec::new();
    for service in run.network.services() {
        let Some(pid) = service.pid() else { bail!("{} does not run", service.spec.name) };
        times.push((service.spec.name.clone(), pid, on_cpu(pid)?));
    }
    Ok(times)
}

/// Resident memory of each service now, in words.
pub fn memory(run: &Run) -> String {
    let shown = run.network.services().iter().filter_map(|service| {
        let bytes = resident(service.pid()?).ok()?;
        Some(format!("{} {} MB", service.spec.name, bytes / 1_048_576))
    });
    shown.collect::<Vec<_>>().join(", ")
}
