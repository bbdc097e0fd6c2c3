//! The smallest service, as an executable: what `tests/it/cli.rs` runs.

use std::process::ExitCode;

#[path = "../tests/it/sample.rs"]
mod sample;

fn main() -> ExitCode {
    api::run(&sample::definition())
}
