//! Third-party test data, read from beside the project.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The text of a file of test data; `None`, said aloud, when the data are not there.
///
/// With `THERIAC_CONFORMANCE=required` their absence is a failure.
pub fn text(name: &str) -> Option<String> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            let required = std::env::var("THERIAC_CONFORMANCE").is_ok_and(|value| value == "required");
            assert!(!required, "{name}: {error}");
            println!("{name}: skipped, the test data are not there");
            None
        }
    }
}

/// The rows under `key` of a JSON file of test data.
pub fn rows(name: &str, key: &str) -> Option<Vec<Value>> {
    let file: Value = serde_json::from_str(&text(name)?).expect("test data are JSON");
    Some(file[key].as_array().expect("an array of rows").clone())
}

/// Counts rows, prints the wrong ones and `N given, N right`, and fails unless all are right.
pub struct Tally {
    name: &'static str,
    given: u32,
    wrong: Vec<String>,
}

impl Tally {
    pub fn new(name: &'static str) -> Self {
        Self { name, given: 0, wrong: Vec::new() }
    }

    pub fn row(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.given += 1;
        if !right {
            self.wrong.push(what());
        }
    }

    pub fn finish(self) {
        let right = self.given as usize - self.wrong.len();
        println!("{}: {} given, {right} right", self.name, self.given);
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}

/// A field that is a text, or nothing.
pub fn field<'a>(row: &'a Value, name: &str) -> Option<&'a str> {
    row[name].as_str()
}
