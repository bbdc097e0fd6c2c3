//! The workspace's own Rust files, for the checks that read text.

use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// One Rust file.
pub struct Source {
    /// Path from the workspace's root, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl Source {
    /// Whether the whole file is test code: below a `tests/` or `it/` folder, or named `tests.rs`. The harness of the
    /// end-to-end tests, in `tests/src/`, is a program like others.
    pub fn is_test(&self) -> bool {
        !self.path.starts_with("tests/src/")
            && self.path.split('/').any(|part| matches!(part, "tests" | "it" | "tests.rs" | "benches"))
    }

    /// Number of lines before the file's own test module.
    pub fn lines_without_tests(&self) -> usize {
        if self.is_test() {
            return 0;
        }
        let mut count = 0;
        let mut lines = self.text.lines().peekable();
        while let Some(line) = lines.next() {
            if line.starts_with("#[cfg(test)]") && lines.peek().is_some_and(|next| next.starts_with("mod ")) {
                break;
            }
            count += 1;
        }
        count
    }
}

/// All Rust files of the workspace's members, sorted by path.
pub fn rust_files(root: &Path) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    for folder in ["crates", "services", "tests"] {
        collect(&root.join(folder), &mut paths)?;
    }
    paths.sort();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        files.push(Source { path, text });
    }
    Ok(files)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != "target" && name != "node_modules" {
                collect(&path, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_test_module_do_not_count() {
        let text = "//! Doc.\nfn a() {}\n#[cfg(test)]\nmod tests {\n}\n".to_owned();
        let source = Source { path: "crates/a/src/a.rs".to_owned(), text };
        assert_eq!(source.lines_without_tests(), 2);
        let source = Source { path: "tests/it/main.rs".to_owned(), text: "fn a() {}\n".to_owned() };
        assert_eq!(source.lines_without_tests(), 0);
    }
}
