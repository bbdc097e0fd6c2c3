//! `cargo xtask test`: everything that the tests need, then all of them.

use crate::oracles;
use crate::postgres::{Server, Throwaway};
use crate::schemathesis;
use crate::stage::Stages;
use crate::workspace::{Workspace, cargo, run};
use anyhow::Result;
use std::path::PathBuf;

/// Runs the tests as stages of `stages`. `arguments` go to `cargo test` in place of `--workspace`.
pub fn run_all(workspace: &Workspace, stages: &mut Stages, arguments: &[String]) -> Result<()> {
    let server = stages.must("PostgreSQL", Server::find_or_install)?;
    stages.check("oracles", || oracles::prepare(workspace));
    stages.must("build", || build(workspace))?;
    let cluster = stages.must("private cluster", || Throwaway::start(&server))?;
    let conformance = arguments.is_empty() || arguments.iter().any(|argument| argument == "e2e");
    let schemathesis = match conformance {
        true => stages.must("schemathesis", || Ok(schemathesis(workspace)))?,
        false => None,
    };
    stages.check("tests", || {
        let mut command = cargo();
        command.envs(schemathesis.map(|program| ("THERIAC_SCHEMATHESIS", program)));
        command.args(["test", "--locked", "--no-fail-fast"]).current_dir(&workspace.root);
        if arguments.is_empty() {
            command.arg("--workspace");
        }
        // Tests that want a database of their own make one in this cluster; faults start whole clusters.
        command.args(arguments).env("DATABASE_URL", cluster.url()).env("SQLX_OFFLINE", "true");
        run(command.env("THERIAC_POSTGRES_BIN", &server.programs))
    });
    Ok(())
}

/// Where it cannot be installed, the test that needs it says that it is skipped, or fails where nothing may be skipped.
fn schemathesis(workspace: &Workspace) -> Option<PathBuf> {
    schemathesis::find_or_install(workspace).inspect_err(|error| println!("no schemathesis: {error:#}")).ok()
}

/// Builds libraries, programs and tests at once: end-to-end tests start the services as processes, and dependencies
/// are built once for both.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut command = cargo();
    command
        .args(["build", "--workspace", "--locked", "--lib", "--bins", "--tests"])
        .current_dir(&workspace.root);
    run(command.env("SQLX_OFFLINE", "true"))
}
