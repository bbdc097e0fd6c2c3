//! `cargo xtask bench-formats`: how fast element strings and EPCIS documents are read and written, and in how much memory.
//!
//! Every row is a process of its own, so that its peak of memory is its own. No row holds a clock inside its loop, and no
//! row is judged: figures are for comparing machines and changes.

mod documents;
mod rows;

use std::io::{Error, Result};
use std::path::Path;
use std::process::Command;

use rows::{ROWS, Row};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [row, file] => {
            let row = ROWS.iter().find(|known| known.name == row);
            row.ok_or_else(|| Error::other("no such row"))?.measure(Path::new(file))
        }
        _ => all(),
    }
}

/// Makes the documents, measures every row in a process of its own, and prints the table.
fn all() -> Result<()> {
    let folder = std::env::temp_dir().join(format!("theriac-formats-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let measured = measure(&folder);
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(folder: &Path) -> Result<()> {
    let program = std::env::current_exe()?;
    println!("{:<34} {:>12} {:>10} {:>10} {:>12}", "row", "a second", "MiB/s", "MiB read", "MiB at most");
    for row in ROWS {
        let file = folder.join(row.document.name());
        if !file.exists() {
            std::fs::write(&file, row.document.make())?;
        }
        let status = Command::new(&program).arg(row.name).arg(&file).status()?;
        if !status.success() {
            return Err(Error::other(format!("{}: {status}", row.name)));
        }
    }
    Ok(())
}

impl Row {
    /// Measures the row and prints its line.
    fn measure(&self, file: &Path) -> Result<()> {
        let bytes = std::fs::read(file)?;
        let started = std::time::Instant::now();
        let done = (self.work)(&bytes)?;
        let took = started.elapsed().as_secs_f64();
        let mebibytes = bytes.len() as f64 / f64::from(1 << 20);
        println!(
            "{:<34} {:>12.0} {:>10.1} {:>10.1} {:>12.1}",
            self.name,
            done as f64 / took,
            mebibytes / took,
            mebibytes,
            peak_mebibytes().unwrap_or(f64::NAN),
        );
        Ok(())
    }
}

/// The most memory that this process had, where the system tells it.
fn peak_mebibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(peak.trim().parse::<f64>().ok()? / 1024.0)
}
