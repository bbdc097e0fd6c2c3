//! Debian packages, where the task may install them.

use crate::workspace::run;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};

const APT_GET: &str = "/usr/bin/apt-get";

/// True where apt is the package manager.
pub fn is_here() -> bool {
    Path::new(APT_GET).exists()
}

/// The line that a person types.
pub fn line(packages: &[&str]) -> String {
    format!("sudo apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// Installs packages as root, where apt is; else says what to type.
pub fn install(packages: &[&str]) -> Result<()> {
    if !is_here() {
        bail!("install {} with this machine's package manager", packages.join(" and "));
    }
    if !is_root() {
        bail!("install with\n  {}", line(packages));
    }
    run(apt_get().arg("update"))?;
    run(apt_get().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new(APT_GET);
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
    command
}

/// Whether this process is root: the owner of its own entry in `/proc` (where there is no `/proc`, it is not).
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}
