//! Migrations are frozen once merged: `migrations/frozen.sha256` holds their checksums, in the format of `sha256sum`.
//!
//! A line that stands there is never rewritten by a tool, so that a change of history is seen in review.

use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const LIST: &str = "frozen.sha256";

/// Compares the migrations with the list. `complete` also demands that every migration is listed, as CI does.
pub fn check(workspace: &Workspace, complete: bool) -> Result<()> {
    let folder = workspace.path("migrations");
    let state = State::read(&folder)?;
    let faults = state.faults(complete);
    if !faults.is_empty() {
        bail!("{} fault(s) in migrations/:\n  {}", faults.len(), faults.join("\n  "));
    }
    println!("migrations: {} frozen, {} open", state.frozen.len(), state.open().count());
    Ok(())
}

/// Adds the migrations that are not listed yet.
pub fn freeze(workspace: &Workspace) -> Result<()> {
    let folder = workspace.path("migrations");
    let mut state = State::read(&folder)?;
    let faults = state.faults(false);
    if !faults.is_empty() {
        bail!("cannot freeze:\n  {}", faults.join("\n  "));
    }
    let open: Vec<_> = state.open().map(|(name, sum)| (name.clone(), sum.clone())).collect();
    for (name, _) in &open {
        println!("frozen: {name}");
    }
    state.frozen.extend(open);
    let text = state.frozen.iter().fold(String::new(), |mut text, (name, sum)| {
        let _ = writeln!(text, "{sum}  {name}");
        text
    });
    std::fs::write(folder.join(LIST), text).with_context(|| format!("cannot write migrations/{LIST}"))
}

/// Checksums by file name: as listed, and as they are.
struct State {
    frozen: BTreeMap<String, String>,
    found: BTreeMap<String, String>,
}

impl State {
    fn read(folder: &Path) -> Result<Self> {
        let mut frozen = BTreeMap::new();
        let list = folder.join(LIST);
        if list.exists() {
            let text =
                std::fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
            for line in text.lines() {
                let (sum, name) =
                    line.split_once("  ").with_context(|| format!("migrations/{LIST}: odd line `{line}`"))?;
                frozen.insert(name.to_owned(), sum.to_owned());
            }
        }
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let bytes =
                    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                found.insert(name, checksum(&bytes));
            }
        }
        Ok(Self { frozen, found })
    }

    /// Migrations that are not frozen yet.
    fn open(&self) -> impl Iterator<Item = (&String, &String)> {
        self.found.iter().filter(|(name, _)| !self.frozen.contains_key(*name))
    }

    fn faults(&self, complete: bool) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, sum) in &self.frozen {
            match self.found.get(name) {
                None => faults.push(format!("{name} is frozen but gone; databases out there have run it")),
                Some(found) if found != sum => faults.push(format!(
                    "{name} is frozen but changed; write a new migration (if it was never merged: delete its line in \
                     migrations/{LIST} and run `cargo xtask freeze`)"
                )),
                Some(_) => {}
            }
        }
        let newest = self.frozen.keys().next_back();
        for (name, _) in self.open() {
            if newest.is_some_and(|newest| name < newest) {
                faults.push(format!("{name} is older than a frozen migration; give it a newer timestamp"));
            }
            if complete {
                faults.push(format!(
                    "{name} is not frozen; run `cargo xtask freeze` and commit migrations/{LIST}"
                ));
            }
        }
        faults
    }
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(frozen: &[(&str, &str)], found: &[(&str, &str)]) -> State {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), checksum(text.as_bytes()))).collect()
        };
        State { frozen: map(frozen), found: map(found) }
    }

    #[test]
    fn history_is_only_added_to() {
        let same = state(&[("1_a.sql", "a")], &[("1_a.sql", "a"), ("2_b.sql", "b")]);
        assert!(same.faults(false).is_empty());
        assert_eq!(same.faults(true).len(), 1, "CI wants it frozen");
        assert_eq!(state(&[("1_a.sql", "a")], &[("1_a.sql", "b")]).faults(false).len(), 1, "changed");
        assert_eq!(state(&[("1_a.sql", "a")], &[]).faults(false).len(), 1, "gone");
        let inserted = state(&[("2_b.sql", "b")], &[("1_a.sql", "a"), ("2_b.sql", "b")]);
        assert_eq!(inserted.faults(false).len(), 1, "inserted before");
    }
}
