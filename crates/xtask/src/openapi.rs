//! `cargo xtask openapi`: the OpenAPI document of each service, as its `openapi` subcommand prints it.

use crate::workspace::{Workspace, cargo, run};
use anyhow::{Context as _, Result, bail};
use std::process::{Command, Stdio};

/// The services, by the name of their executable.
pub const SERVICES: [&str; 4] = ["manufacturer", "distributor", "pharmacy", "regulator"];

/// Builds the services and writes `openapi/<service>.json`.
pub fn write(workspace: &Workspace) -> Result<()> {
    for service in SERVICES {
        let text = print(workspace, service)?;
        std::fs::write(workspace.path(path(service)), text)
            .with_context(|| format!("cannot write {}", path(service)))?;
        println!("openapi: {}", path(service));
    }
    Ok(())
}

/// Fails when a committed document is not what its service prints.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut stale = Vec::new();
    for service in SERVICES {
        let text = print(workspace, service)?;
        let committed = std::fs::read_to_string(workspace.path(path(service))).unwrap_or_default();
        if let Some(difference) = first_difference(&committed, &text) {
            stale.push(format!("{}: {difference}", path(service)));
        }
    }
    if !stale.is_empty() {
        bail!("run `cargo xtask openapi` and commit:\n  {}", stale.join("\n  "));
    }
    println!("openapi: {} documents, as committed", SERVICES.len());
    Ok(())
}

/// Builds the services' executables, with the same features as the tests and `up` so that nothing is built twice.
pub fn build(workspace: &Workspace) -> Result<()> {
    let mut command = cargo();
    command.args(["build", "--workspace", "--locked", "--bins"]).current_dir(&workspace.root);
    run(command.env("SQLX_OFFLINE", "true"))
}

fn path(service: &str) -> String {
    format!("openapi/{service}.json")
}

/// What the service prints, with one line end at its end; needs neither configuration nor database.
fn print(workspace: &Workspace, service: &str) -> Result<String> {
    let program = workspace.built().join(service);
    let output = Command::new(&program)
        .arg("openapi")
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        bail!("`{service} openapi` failed: {}", output.status);
    }
    let text =
        String::from_utf8(output.stdout).with_context(|| format!("`{service} openapi` printed no UTF-8"))?;
    let document: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("`{service} openapi` printed no JSON"))?;
    if !document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")) {
        bail!("`{service} openapi` printed no OpenAPI 3.1 document");
    }
    Ok(format!("{}\n", text.trim_end()))
}

/// The first line in which two texts differ.
fn first_difference(committed: &str, made: &str) -> Option<String> {
    if committed == made {
        return None;
    }
    let mut old = committed.lines();
    for (index, line) in made.lines().enumerate() {
        let other = old.next();
        if other != Some(line) {
            return Some(format!(
                "line {}: committed `{}`, now `{}`",
                index + 1,
                other.unwrap_or("").trim(),
                line.trim()
            ));
        }
    }
    Some("the committed document goes on after its end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_told() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").unwrap(), "line 2: committed `b`, now `c`");
        assert_eq!(first_difference("", "a\n").unwrap(), "line 1: committed ``, now `a`");
        assert!(first_difference("a\nb\n", "a\n").is_some());
    }
}
