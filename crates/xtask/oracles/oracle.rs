//! Asks a driver beside this file; part of the tests of several crates.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the drivers, or `None`, said aloud, when what they need is not installed.
///
/// With `THERIAC_CONFORMANCE=required` that is a failure.
pub fn folder(test: &str) -> Option<PathBuf> {
    // Every crate that includes this file lies beside `xtask`.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/oracles");
    let missing = ["node_modules", "python"].iter().find(|set| !folder.join(set).join("pinned").is_file());
    let Some(missing) = missing else {
        return Some(folder);
    };
    let required = std::env::var("THERIAC_CONFORMANCE").is_ok_and(|value| value == "required");
    assert!(!required, "{test}: {missing} is required and not installed: cargo xtask oracles");
    println!("skipped: {test} ({missing} is not installed: cargo xtask oracles)");
    None
}

/// The answers of a driver, one to each question. A question is one line.
pub fn ask(folder: &Path, driver: &str, questions: &[String]) -> Vec<String> {
    let interpreter = if driver.ends_with(".py") { "python3" } else { "node" };
    let mut process = Command::new(interpreter)
        .arg(folder.join(driver))
        .env("PYTHONPATH", folder.join("python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {interpreter}: {error}"));
    let mut input = process.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // Beside reading, so that neither side waits for the other's full pipe. A driver that ends early is told below.
        scope.spawn(move || questions.iter().try_for_each(|question| writeln!(input, "{question}")));
        process.wait_with_output().unwrap()
    });
    assert!(output.status.success(), "{driver}: {}", output.status);
    let answers: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(answers.len(), questions.len(), "{driver}: one answer to each question");
    answers
}
