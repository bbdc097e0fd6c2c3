//! Third-party test data, which is not part of the project.

use std::path::{Path, PathBuf};

/// A file or folder of `../shared/testdata` (relative to the project). Where it is absent, the caller's test says that
/// it is skipped and ends; with `THERIAC_CONFORMANCE=required`, as in continuous integration, absence is a failure.
///
/// # Panics
/// When it is absent but required.
pub fn testdata(relative: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/testdata").join(relative);
    if path.exists() {
        return Some(path);
    }
    let required = std::env::var_os("THERIAC_CONFORMANCE").is_some_and(|value| value == "required");
    assert!(!required, "{} is absent, and THERIAC_CONFORMANCE=required", path.display());
    println!("skipped: {} is absent", path.display());
    None
}
