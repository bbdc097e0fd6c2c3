//! `cargo xtask sqlx`: the metadata of the checked queries, `.sqlx/`, made without sqlx-cli.
//!
//! sqlx's macros write it themselves while `store` is compiled against a live, migrated database with
//! `SQLX_OFFLINE_DIR` set. That is done in a build folder of its own, so that it does not outdate the main one.

use crate::postgres::{Server, Throwaway};
use crate::workspace::{Workspace, cargo, run};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// The only package with queries.
const PACKAGE: &str = "store";

/// The table in which sqlx notes what it has applied: `store` asks it, too.
const BOOKKEEPING: &str = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
     installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, \
     execution_time BIGINT NOT NULL)";

/// File name to content of one metadata folder.
type Metadata = BTreeMap<String, String>;

/// Writes `.sqlx/`.
pub fn write(workspace: &Workspace) -> Result<()> {
    let made = make(workspace)?;
    let folder = workspace.path(".sqlx");
    let old = read(&folder)?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for name in old.keys().filter(|name| !made.contains_key(*name)) {
        std::fs::remove_file(folder.join(name)).with_context(|| format!("cannot remove .sqlx/{name}"))?;
    }
    for (name, text) in made.iter().filter(|(name, text)| old.get(*name) != Some(text)) {
        std::fs::write(folder.join(name), text).with_context(|| format!("cannot write .sqlx/{name}"))?;
    }
    println!("sqlx: {} queries in .sqlx/", made.len());
    Ok(())
}

/// Fails when `.sqlx/` is not what the queries and migrations make it.
pub fn check(workspace: &Workspace) -> Result<()> {
    let made = make(workspace)?;
    let committed = read(&workspace.path(".sqlx"))?;
    let faults = differences(&committed, &made);
    if !faults.is_empty() {
        bail!("run `cargo xtask sqlx` and commit .sqlx/:\n  {}", faults.join("\n  "));
    }
    println!("sqlx: {} queries, as committed", made.len());
    Ok(())
}

fn make(workspace: &Workspace) -> Result<Metadata> {
    let server = Server::find_or_install()?;
    let cluster = Throwaway::start(&server)?;
    cluster.migrate(&workspace.path("migrations"))?;
    cluster.execute(BOOKKEEPING)?;
    let target = workspace.target.join("sqlx");
    let output = target.join("metadata");
    if output.exists() {
        std::fs::remove_dir_all(&output).with_context(|| format!("cannot remove {}", output.display()))?;
    }
    std::fs::create_dir_all(&output).with_context(|| format!("cannot create {}", output.display()))?;
    // Macros write only when they run, so what is built of the package goes first.
    let command = |verb: &str| {
        let mut command = cargo();
        command.args([verb, "--package", PACKAGE, "--locked", "--target-dir"]).arg(&target);
        command.current_dir(&workspace.root);
        command
    };
    run(command("clean").arg("--quiet"))?;
    run(command("check")
        .arg("--all-targets")
        .env("DATABASE_URL", cluster.url())
        .env("SQLX_OFFLINE", "false")
        .env("SQLX_OFFLINE_DIR", &output))?;
    read(&output)
}

fn read(folder: &Path) -> Result<Metadata> {
    let mut metadata = Metadata::new();
    if !folder.exists() {
        return Ok(metadata);
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            metadata.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text);
        }
    }
    Ok(metadata)
}

fn differences(committed: &Metadata, made: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, text) in made {
        match committed.get(name) {
            None => faults.push(format!("{name} is missing: {}", query(text))),
            Some(old) if old != text => faults.push(format!("{name} differs: {}", query(text))),
            Some(_) => {}
        }
    }
    for (name, text) in committed.iter().filter(|(name, _)| !made.contains_key(*name)) {
        faults.push(format!("{name} belongs to no query: {}", query(text)));
    }
    faults
}

/// The beginning of the query, to recognise it.
fn query(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let words: Vec<_> = value["query"].as_str().unwrap_or("?").split_whitespace().take(12).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_query() {
        let one = |name: &str, query: &str| (name.to_owned(), format!("{{\"query\": \"{query}\"}}"));
        let committed = Metadata::from([one("a.json", "SELECT 1"), one("b.json", "SELECT 2")]);
        let made = Metadata::from([one("b.json", "SELECT  3"), one("c.json", "SELECT 4")]);
        let faults = differences(&committed, &made);
        assert_eq!(
            faults,
            [
                "b.json differs: SELECT 3",
                "c.json is missing: SELECT 4",
                "a.json belongs to no query: SELECT 1"
            ]
        );
    }
}
