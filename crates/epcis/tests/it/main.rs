//! The crate against documents that nobody here wrote, and against hostile ones.
//!
//! Third-party documents are read from `../shared/testdata` beside the workspace. Where that folder is absent the
//! tests that need it say so and pass, unless `THERIAC_CONFORMANCE=required`.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy's own exception covers test functions only"
)]

mod differing;
mod documents;
mod events;
mod hashes;
mod hostile;
mod json_schema;
#[path = "../../../xtask/oracles/oracle.rs"]
mod oracle;
mod pharma;
mod roundtrip;
mod twins;
mod xml_schema;

use std::fs;
use std::path::{Path, PathBuf};

use epcis::{Document, Fault, Format, Limits};

/// The folder of third-party test data, or `None` (with a line in the output) when it is absent.
pub fn testdata(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("THERIAC_CONFORMANCE").is_ok_and(|value| value == "required");
    assert!(!required, "{test}: test data is required and {} is absent", folder.display());
    println!("skipped: {test} (no {})", folder.display());
    None
}

/// All files below a folder with an extension, in order of their path.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// Whether any folder of a path has a name.
pub fn is_within(path: &Path, folder: &str) -> bool {
    path.components().any(|part| part.as_os_str() == folder)
}

/// Reads a file by its extension.
pub fn parse_file(path: &Path) -> Result<Document, Vec<Fault>> {
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("xml") => Format::Xml,
        _ => Format::Json,
    };
    Document::parse(&fs::read(path).unwrap(), format, &Limits::default())
}

/// The last parts of a path, for messages.
pub fn short(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts[parts.len().saturating_sub(5)..].join("/")
}
