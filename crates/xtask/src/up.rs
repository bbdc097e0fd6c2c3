//! `cargo xtask up` and `bench`: make sure of a PostgreSQL server, build, and become the `network` program of `e2e`.

use crate::openapi;
use crate::postgres::Server;
use crate::workspace::Workspace;
use anyhow::{Context as _, Result};
use std::os::unix::process::CommandExt as _;

/// Builds and replaces this process, so that Ctrl-C and the exit code are the program's own.
pub fn network(workspace: &Workspace, subcommand: &str, arguments: &[String]) -> Result<()> {
    let server = Server::find_or_install()?;
    println!("building the services (a first build takes some minutes)");
    openapi::build(workspace)?;
    let program = workspace.built().join("network");
    let error = std::process::Command::new(&program)
        .arg(subcommand)
        .args(arguments)
        .env("THERIAC_POSTGRES_BIN", &server.programs)
        .env("THERIAC_ROOT", &workspace.root)
        .exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}
