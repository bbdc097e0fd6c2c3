//! `cargo xtask ci`: all checks that `.ci/run` asks for, then exactly `cargo xtask test`.

use crate::stage::Stages;
use crate::workspace::{Workspace, cargo, run};
use crate::{floors, freeze, openapi, sqlx, testing, tidy};
use anyhow::Result;
use std::process::{Command, Stdio};

/// How long each fuzz target runs.
const FUZZ_SECONDS: &str = "15";

/// Runs everything, tells every fault, and fails if there was one.
pub fn run_all(workspace: &Workspace) -> Result<()> {
    let mut stages = Stages::new();
    stages.check("format", || run(cargo().args(["fmt", "--all", "--check"]).current_dir(&workspace.root)));
    stages.check("floors", || floors::check(workspace));
    stages.check("tidy", || tidy::check(workspace));
    stages.check("migrations", || freeze::check(workspace, true));
    if has_cargo_deny() {
        stages.check("licences", || {
            let arguments = ["deny", "--offline", "check", "bans", "licenses", "sources"];
            run(cargo().args(arguments).current_dir(&workspace.root))
        });
    }
    stages.check("clippy", || clippy(workspace));
    stages.check("query metadata", || sqlx::check(workspace));
    stages.check("executables", || openapi::build(workspace));
    stages.check("OpenAPI", || openapi::check(workspace));
    stages.check("fuzz", || fuzz(workspace));
    let tested = testing::run_all(workspace, &mut stages, &[]);
    stages.finish()?;
    tested
}

fn clippy(workspace: &Workspace) -> Result<()> {
    let mut command = cargo();
    command.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ]);
    run(command.current_dir(&workspace.root).env("SQLX_OFFLINE", "true"))
}

/// Fuzzes every target for a moment, from the corpus that is committed: what older inputs reach is reached again, and
/// something new is tried each time. `fuzz/run` names the inputs that it found.
fn fuzz(workspace: &Workspace) -> Result<()> {
    run(Command::new("bash")
        .arg(workspace.path("fuzz/run"))
        .args(["all", FUZZ_SECONDS])
        .current_dir(&workspace.root)
        .stdin(Stdio::null()))
}

/// cargo-deny is checked where it is installed; it is no reason to compile it.
fn has_cargo_deny() -> bool {
    Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
