//! `cargo xtask ai-table`: the table of application identifiers, from the GS1 Barcode Syntax Dictionary.

use crate::workspace::{Workspace, cargo};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::Stdio;

const TABLE: &str = "crates/gs1/src/ai/table.rs";

/// Writes the table that the dictionary says.
pub fn write(workspace: &Workspace, dictionary: &Path) -> Result<()> {
    let mut command = cargo();
    let dictionary =
        dictionary.canonicalize().with_context(|| format!("cannot read {}", dictionary.display()))?;
    command.args(["run", "--quiet", "--locked", "-p", "gs1", "--example", "ai_table", "--"]).arg(dictionary);
    let output = command
        .current_dir(&workspace.root)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run the example `ai_table`")?;
    if !output.status.success() {
        bail!("the dictionary was not understood, and {TABLE} is as it was");
    }
    std::fs::write(workspace.path(TABLE), output.stdout).with_context(|| format!("cannot write {TABLE}"))?;
    println!("ai-table: {TABLE}");
    Ok(())
}
