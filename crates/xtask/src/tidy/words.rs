//! Words that must not stand in some code: waiting for a time in tests, and what differs between machines where bytes
//! are agreed on.

use crate::source::Source;

/// Crates whose results every node must have to the bit.
const AGREED: &[&str] = &["crates/ledger/", "crates/lifecycle/", "crates/consensus/"];
/// Names that wait for a time when called.
const SLEEPS: &[&str] = &["sleep", "sleep_ms", "sleep_until"];
/// Collections whose order differs from run to run.
const UNORDERED: &[&str] = &["HashMap", "HashSet"];

/// Lists calls of sleeps in test code.
pub fn sleeps(file: &Source, faults: &mut Vec<String>) {
    let first = if file.is_test() { 0 } else { file.lines_without_tests() };
    for (number, line) in file.text.lines().enumerate().skip(first) {
        let called = words(line).any(|(word, rest)| SLEEPS.contains(&word) && rest.starts_with('('));
        if called {
            faults.push(format!(
                "{}:{}: a test waits for a condition within a bound, never for a time",
                file.path,
                number + 1
            ));
        }
    }
}

/// Lists unordered collections and floats where bytes are agreed on.
pub fn differing(file: &Source, faults: &mut Vec<String>) {
    if !AGREED.iter().any(|folder| file.path.starts_with(folder)) {
        return;
    }
    for (number, line) in file.text.lines().enumerate() {
        for (word, _) in words(line) {
            let advice = match word {
                _ if UNORDERED.contains(&word) => {
                    "its order differs from run to run; use BTreeMap or BTreeSet"
                }
                _ if is_float(word) => "rounding differs from machine to machine; count in whole units",
                _ => continue,
            };
            faults.push(format!("{}:{}: `{word}`: {advice}", file.path, number + 1));
        }
    }
}

fn is_float(word: &str) -> bool {
    ["f32", "f64"].iter().any(|float| word == *float || word.ends_with(&format!("_{float}")))
}

/// The identifiers of a line outside line comments, each with what follows it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let code = line.split_once("//").map_or(line, |(code, _)| code);
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = code;
    std::iter::from_fn(move || {
        let start = rest.find(is_part)?;
        let from = rest.get(start..)?;
        let (word, after) = from.split_at(from.find(|c: char| !is_part(c)).unwrap_or(from.len()));
        rest = after;
        Some((word, after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rule: fn(&Source, &mut Vec<String>), path: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        rule(&Source { path: path.to_owned(), text: text.to_owned() }, &mut faults);
        faults
    }

    #[test]
    fn tests_do_not_sleep_and_programs_may() {
        // In two parts, so that this file keeps its own rule.
        let call = ["fn a() {\n    tokio::time::sleep", "(PAUSE).await;\n}\n"].concat();
        assert_eq!(told(sleeps, "crates/a/tests/it/a.rs", &call).len(), 1);
        assert_eq!(told(sleeps, "tests/it/a.rs", &call).len(), 1);
        assert!(told(sleeps, "crates/a/src/a.rs", &call).is_empty());
        assert!(told(sleeps, "tests/src/until.rs", &call).is_empty(), "the harness waits for conditions");
        let module = format!("fn b() {{}}\n#[cfg(test)]\nmod tests {{\n{call}}}\n");
        assert_eq!(told(sleeps, "crates/a/src/a.rs", &module).len(), 1);
        let other = "// a comment on sleep\nCommand::new(\"sleep\");\nfn sleeper(a: u8) {}\n";
        assert!(told(sleeps, "tests/it/a.rs", other).is_empty());
    }

    #[test]
    fn what_differs_is_not_where_bytes_are_agreed_on() {
        let text =
            "use std::collections::HashMap;\nlet a = b as f64;\nDuration::from_secs_f32(c);\n// HashSet\n";
        assert_eq!(told(differing, "crates/ledger/src/a.rs", text).len(), 3);
        assert!(told(differing, "crates/api/src/a.rs", text).is_empty());
        assert!(told(differing, "crates/consensus/src/a.rs", "let my_HashMap = 0xf64;\n").is_empty());
    }
}
