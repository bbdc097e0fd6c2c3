//! `cargo xtask bench-formats`: the example `formats_bench` of `theriac`, which needs no network and no database.

use crate::workspace::{Workspace, cargo, run};
use anyhow::Result;

/// Builds it in the profile that `cargo xtask bench` uses, and runs it.
pub fn bench(workspace: &Workspace) -> Result<()> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--locked", "-p", "theriac", "--example", "formats_bench"]);
    run(command.current_dir(&workspace.root))
}
