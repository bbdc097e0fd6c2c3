//! `cargo xtask oracles`: the independent implementations that tests compare with (`crates/xtask/oracles`).

use crate::apt;
use crate::workspace::{Workspace, run};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where they are pinned, and below which they are installed.
const FOLDER: &str = "crates/xtask/oracles";

/// Packages of one registry.
struct Set {
    /// Pins every package, with its hash.
    pins: &'static str,
    /// Where they are installed.
    folder: &'static str,
    /// What installs and runs them: programs and the arguments on which they tell their version.
    programs: &'static [&'static [&'static str]],
    /// What brings those programs on Debian.
    packages: &'static [&'static str],
    /// The command that installs.
    install: &'static [&'static str],
}

const SETS: &[Set] = &[
    Set {
        pins: "package-lock.json",
        folder: "node_modules",
        programs: &[&["node", "--version"], &["npm", "--version"]],
        packages: &["nodejs", "npm"],
        install: &["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    },
    Set {
        pins: "requirements.txt",
        folder: "python",
        programs: &[&["python3", "-m", "pip", "--version"]],
        packages: &["python3", "python3-pip"],
        install: &[
            "python3",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--upgrade",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--target=python",
            "--requirement=requirements.txt",
        ],
    },
];

/// Installs what is missing or pinned anew. Fails only where `THERIAC_CONFORMANCE=required`; else says which tests
/// will be skipped, because a clone without network can be tested too.
pub fn prepare(workspace: &Workspace) -> Result<()> {
    let Err(error) = install(workspace) else {
        return Ok(());
    };
    if std::env::var("THERIAC_CONFORMANCE").is_ok_and(|value| value == "required") {
        return Err(error);
    }
    println!("not installed: {error:#}\ntests that compare with them say so and are skipped");
    Ok(())
}

/// Installs what is missing or pinned anew.
pub fn install(workspace: &Workspace) -> Result<()> {
    let folder = workspace.path(FOLDER);
    for set in SETS {
        let (pins, stamp) = (pins(&folder, set)?, stamp(&folder, set));
        if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
            println!("{FOLDER}/{}: as pinned", set.folder);
            continue;
        }
        if !set.programs.iter().all(|program| answers(program)) {
            apt::install(set.packages)
                .with_context(|| format!("{} is missing", set.packages.join(" or ")))?;
        }
        install_set(&folder, set)?;
        std::fs::write(&stamp, pins).with_context(|| format!("cannot write {}", stamp.display()))?;
        println!("{FOLDER}/{}: installed", set.folder);
    }
    Ok(())
}

fn install_set(folder: &Path, set: &Set) -> Result<()> {
    let installed = folder.join(set.folder);
    if installed.exists() {
        std::fs::remove_dir_all(&installed)
            .with_context(|| format!("cannot remove {}", installed.display()))?;
    }
    let Some((program, arguments)) = set.install.split_first() else {
        bail!("{} has no command that installs it", set.folder);
    };
    run(Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()))
}

fn pins(folder: &Path, set: &Set) -> Result<String> {
    let path = folder.join(set.pins);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The pins of what is installed, written last, so that a broken installation has none.
fn stamp(folder: &Path, set: &Set) -> PathBuf {
    folder.join(set.folder).join("pinned")
}

fn answers(program: &[&str]) -> bool {
    let Some((name, arguments)) = program.split_first() else {
        return false;
    };
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
