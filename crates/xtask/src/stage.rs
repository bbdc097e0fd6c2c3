//! Stages of a task: each is announced, timed, and listed at the end.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Runs stages one after another and remembers how they went.
pub struct Stages {
    started: Instant,
    done: Vec<(&'static str, Duration, bool)>,
}

impl Stages {
    /// Starts the clock.
    pub fn new() -> Self {
        Self { started: Instant::now(), done: Vec::new() }
    }

    /// Runs a stage that the following ones need: its error ends the task.
    pub fn must<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n==> {name}");
        let started = Instant::now();
        let result = work();
        let took = started.elapsed();
        self.done.push((name, took, result.is_ok()));
        println!("<== {name}: {} in {}", if result.is_ok() { "ok" } else { "FAILED" }, seconds(took));
        result
    }

    /// Runs a stage whose failure is told at once and fails the task at its end, so that one run tells all faults.
    pub fn check(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        if let Err(error) = self.must(name, work) {
            println!("{name}: {error:#}");
        }
    }

    /// Prints the table of times and fails if a stage did.
    pub fn finish(self) -> Result<()> {
        println!("\n{:<28} {:>10}", "stage", "time");
        for (name, took, ok) in &self.done {
            println!("{name:<28} {:>10}{}", seconds(*took), if *ok { "" } else { "  FAILED" });
        }
        println!("{:<28} {:>10}", "together", seconds(self.started.elapsed()));
        let failed: Vec<_> = self.done.iter().filter(|(.., ok)| !ok).map(|(name, ..)| *name).collect();
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
