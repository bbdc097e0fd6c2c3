//! House rules that a compiler does not know: forbidden marks and words, file sizes, crate READMEs, names of migrations.

mod words;

use crate::source::{Source, rust_files};
use crate::workspace::Workspace;
use anyhow::{Context as _, Result, bail};

/// Marks that must not stand in code, each with what to do instead. Split so that this file does not match.
const MARKS: &[(&[&str], &str)] = &[
    (&["#[ign", "ore"], "a test runs or is deleted; one that lacks its data says that it is skipped"),
    (&["#[should_", "panic"], "assert on the error instead"),
    (&["to", "do!("], "finish it"),
    (&["unimple", "mented!("], "finish it"),
    (&["db", "g!("], "use tracing"),
    (&["TO", "DO"], "finish it, or open an issue"),
    (&["FIX", "ME"], "finish it, or open an issue"),
];

/// Lines a file may have without its tests.
const LINES_MAX: usize = 500;
/// Lines a `main.rs` may have: arguments, configuration, telemetry, one subcommand.
const MAIN_LINES_MAX: usize = 40;
/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

/// Runs every rule and lists all faults at once.
pub fn check(workspace: &Workspace) -> Result<()> {
    let files = rust_files(&workspace.root)?;
    let mut faults = Vec::new();
    for file in &files {
        marks(file, &mut faults);
        words::sleeps(file, &mut faults);
        words::differing(file, &mut faults);
        sizes(file, &mut faults);
    }
    for (path, _) in LONG_FILES {
        if !files.iter().any(|file| file.path == *path) {
            faults.push(format!("{path}: excepted in tidy.rs but gone; remove its line"));
        }
    }
    readmes(workspace, &mut faults);
    migrations(workspace, &mut faults)?;
    if !faults.is_empty() {
        bail!("{} untidy place(s):\n  {}", faults.len(), faults.join("\n  "));
    }
    println!("tidy: {} Rust files keep the house rules", files.len());
    Ok(())
}

fn marks(file: &Source, faults: &mut Vec<String>) {
    for (number, line) in file.text.lines().enumerate() {
        for (parts, advice) in MARKS {
            if line.contains(&parts.concat()) {
                faults.push(format!("{}:{}: `{}`: {advice}", file.path, number + 1, parts.concat()));
            }
        }
    }
}

fn sizes(file: &Source, faults: &mut Vec<String>) {
    let lines = file.lines_without_tests();
    if lines > LINES_MAX && !LONG_FILES.iter().any(|(path, _)| *path == file.path) {
        faults.push(format!(
            "{}: {lines} lines without tests, over {LINES_MAX}: split it by reason to change, or except it in \
             tidy.rs with a reason",
            file.path
        ));
    }
    if file.path.ends_with("src/main.rs") && lines > MAIN_LINES_MAX {
        faults.push(format!(
            "{}: {lines} lines, over {MAIN_LINES_MAX}: main.rs has arguments, configuration, telemetry and one \
             subcommand; move the rest to the library",
            file.path
        ));
    }
}

/// Each crate opens with its README as crate doc, so that it cannot go stale unseen.
fn readmes(workspace: &Workspace, faults: &mut Vec<String>) {
    for package in &workspace.packages {
        let Some(folder) = package.manifest.parent() else {
            continue;
        };
        let main_file = ["src/lib.rs", "src/main.rs"].map(|name| folder.join(name));
        let doc = "#![doc = include_str!(\"../README.md\")]";
        let has_doc = main_file
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok())
            .any(|text| text.contains(doc));
        if !folder.join("README.md").is_file() || !has_doc {
            faults.push(format!(
                "{}: needs a README.md (purpose, may import, invariants, first file to read), used as crate doc by \
                 `{doc}`",
                package.name
            ));
        }
    }
}

fn migrations(workspace: &Workspace, faults: &mut Vec<String>) -> Result<()> {
    let folder = workspace.path("migrations");
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") && !is_migration_name(&name) {
            faults.push(format!(
                "migrations/{name}: must be YYYYMMDDHHMMSS_what_it_does.sql (forward only, so no .up or .down)"
            ));
        }
    }
    Ok(())
}

/// `20261123093000_outbox.sql`: fourteen digits that are a time, then lower-case words joined by `_`.
fn is_migration_name(name: &str) -> bool {
    let Some((stamp, words)) = name.strip_suffix(".sql").and_then(|stem| stem.split_once('_')) else {
        return false;
    };
    let part = |range: std::ops::Range<usize>| stamp.get(range).and_then(|digits| digits.parse::<u32>().ok());
    let in_range = |range, low, high| part(range).is_some_and(|value| (low..=high).contains(&value));
    stamp.len() == 14
        && stamp.bytes().all(|byte| byte.is_ascii_digit())
        && in_range(4..6, 1, 12)
        && in_range(6..8, 1, 31)
        && in_range(8..10, 0, 23)
        && in_range(10..12, 0, 59)
        && in_range(12..14, 0, 59)
        && !words.is_empty()
        && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migration_names() {
        for (name, good) in [
            ("20261123093000_outbox.sql", true),
            ("20261123093000_status_v2.sql", true),
            ("20261323093000_outbox.sql", false),
            ("20261123096000_outbox.sql", false),
            ("2026112309300_outbox.sql", false),
            ("20261123093000_Outbox.sql", false),
            ("20261123093000_.sql", false),
            ("20261123093000_outbox.down.sql", false),
            ("0001_init.sql", false),
        ] {
            assert_eq!(is_migration_name(name), good, "{name}");
        }
    }

    #[test]
    fn marks_are_found_with_their_line() {
        let text = format!("fn a() {{\n    {}{}x);\n}}\n", "db", "g!(");
        let mut faults = Vec::new();
        marks(&Source { path: "a.rs".to_owned(), text }, &mut faults);
        assert_eq!(faults.len(), 1);
        assert!(faults.iter().all(|fault| fault.starts_with("a.rs:2:")));
    }

    #[test]
    fn long_files_need_a_reason() {
        let mut faults = Vec::new();
        sizes(&Source { path: "crates/a/src/a.rs".to_owned(), text: "x\n".repeat(501) }, &mut faults);
        sizes(&Source { path: "crates/a/src/b.rs".to_owned(), text: "x\n".repeat(500) }, &mut faults);
        sizes(&Source { path: "services/a/src/main.rs".to_owned(), text: "x\n".repeat(41) }, &mut faults);
        assert_eq!(faults.len(), 2);
    }
}
