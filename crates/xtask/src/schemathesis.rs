//! Schemathesis, which calls every operation of every service: installed in a virtual environment under the target
//! folder, in the versions and with the checksums that `tests/conformance/requirements.txt` names.

use crate::apt;
use crate::workspace::{Workspace, run};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REQUIREMENTS: &str = "tests/conformance/requirements.txt";

/// The program, installed where the one that is there is not of these requirements.
pub fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("schemathesis");
    let (program, installed) = (folder.join("bin/schemathesis"), folder.join("requirements.txt"));
    let wanted =
        std::fs::read(workspace.path(REQUIREMENTS)).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    if program.is_file() && std::fs::read(&installed).is_ok_and(|there| there == wanted) {
        println!("schemathesis: {}", program.display());
        return Ok(program);
    }
    println!("installing schemathesis into {}", folder.display());
    make_environment(&folder)?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
    run(pip.args(["--only-binary", ":all:", "--requirement"]).arg(workspace.path(REQUIREMENTS)))?;
    // Last, so that an installation that broke off is done again.
    std::fs::write(&installed, wanted).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(program)
}

/// A virtual environment, fresh; Debian has the module that makes one in a package of its own.
fn make_environment(folder: &Path) -> Result<()> {
    if environment(folder).is_ok() {
        return Ok(());
    }
    apt::install(&["python3", "python3-venv"])
        .context("Python 3.11 or later with its module venv is needed")?;
    environment(folder)
}

fn environment(folder: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).stdin(Stdio::null()))
}
