//! What an audit finds, said as it is found.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::report::plain;

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is not what it was.
    Altered,
    /// It is gone.
    Missing,
    /// It was never written by a node or service.
    Added,
    /// It does not follow the one before.
    OutOfOrder,
}

impl What {
    fn as_str(self) -> &'static str {
        match self {
            What::Altered => "altered",
            What::Missing => "missing",
            What::Added => "added",
            What::OutOfOrder => "out of order",
        }
    }
}

/// One row that does not agree with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its table.
    pub table: &'static str,
    /// Its key, in words and hexadecimal digits.
    pub row: String,
    /// What is wrong.
    pub what: What,
    /// The same in a sentence, with what was expected.
    pub detail: String,
}

/// Counts findings, and prints the first of them.
pub struct Findings<'a> {
    out: &'a mut dyn Write,
    json: bool,
    printed_max: u64,
    printed: u64,
    counts: BTreeMap<&'static str, u64>,
    failed: Option<std::io::Error>,
}

impl<'a> Findings<'a> {
    /// None yet.
    pub fn new(out: &'a mut dyn Write, json: bool, printed_max: u64) -> Self {
        Findings { out, json, printed_max, printed: 0, counts: BTreeMap::new(), failed: None }
    }

    /// Tells of a row.
    pub fn add(
        &mut self,
        table: &'static str,
        row: impl Into<String>,
        what: What,
        detail: impl Into<String>,
    ) {
        *self.counts.entry(table).or_default() += 1;
        if self.printed >= self.printed_max {
            return;
        }
        self.printed += 1;
        let finding = Finding { table, row: row.into(), what, detail: detail.into() };
        let line = if self.json {
            serde_json::to_string(&finding).unwrap_or_default()
        } else {
            let Finding { table, row, what, detail } = &finding;
            plain(&format!("{table}, {row}: {}: {detail}", what.as_str()))
        };
        self.say(&line);
    }

    /// Writes a line; the first failure is kept.
    pub fn say(&mut self, line: &str) {
        if self.failed.is_none() {
            self.failed = writeln!(self.out, "{line}").and_then(|()| self.out.flush()).err();
        }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of them were not printed.
    pub fn unprinted(&self) -> u64 {
        self.count() - self.printed
    }

    /// How many there are, by table.
    pub fn by_table(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Why a line could not be written, if one could not.
    pub fn failure(&mut self) -> Option<std::io::Error> {
        self.failed.take()
    }
}
