//! What cargo knows of this workspace: packages, their dependencies, where things are built.

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The part of `cargo metadata --no-deps` that the tasks read.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// Members of the workspace, in cargo's order.
    pub packages: Vec<Package>,
    /// Folder of the root manifest.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Where cargo builds (`CARGO_TARGET_DIR` or `target`).
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
}

/// One member of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Name of the package.
    pub name: String,
    /// Its `Cargo.toml`.
    #[serde(rename = "manifest_path")]
    pub manifest: PathBuf,
    /// What it declares to depend on.
    pub dependencies: Vec<Dependency>,
}

/// One declared dependency.
#[derive(Debug, Clone, Deserialize)]
pub struct Dependency {
    /// Name of the package depended on (not a local rename).
    pub name: String,
    /// Why it is needed.
    #[serde(default)]
    pub kind: Kind,
    /// Set when it lies in this workspace.
    pub path: Option<PathBuf>,
}

/// Kind of a dependency, as cargo names it (`null` is normal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Part of the built crate.
    #[default]
    Normal,
    /// For tests and examples.
    Dev,
    /// For the build script.
    Build,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Option::<String>::deserialize(deserializer)?.as_deref() {
            Some("dev") => Self::Dev,
            Some("build") => Self::Build,
            _ => Self::Normal,
        })
    }
}

impl Workspace {
    /// Asks cargo about the workspace that xtask was built from or is run in.
    pub fn load() -> Result<Self> {
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version=1"])
            .stderr(std::process::Stdio::inherit())
            .output()
            .context("cannot start cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", output.status);
        }
        serde_json::from_slice(&output.stdout).context("cargo metadata printed something unexpected")
    }

    /// Folder of the profile that tests, `up` and the benchmarks share.
    pub fn built(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// A path inside the workspace.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }
}

/// The cargo that started xtask, so that a toolchain override holds for what it starts.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command with inherited output and fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    Ok(())
}

/// The command as one would type it.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut text = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
