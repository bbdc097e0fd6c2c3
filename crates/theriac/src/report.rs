//! What is said about a proof, for people and for programs.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// As of when a proof speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// Height of its last block.
    pub height: u64,
    /// That block's time, RFC 3339 in UTC.
    pub time: String,
}

/// What was trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trusted {
    /// Name of the network in its genesis.
    pub genesis: String,
    /// The network: hash of the genesis.
    pub network: String,
}

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Whether every link holds.
    pub proven: bool,
    /// `event_receipt`, `item_receipt` or `evidence`.
    pub kind: &'static str,
    /// The member of the file that holds the proof, where the file is a whole answer of an API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found_in: Option<&'static str>,
    /// The link that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What was checked, in order.
    pub checks: Vec<String>,
    /// What is proven, in words.
    pub proves: Vec<String>,
    /// What is proven, for programs; null when a link is broken.
    pub facts: Value,
    /// As of when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    /// On what trust.
    pub trusted: Trusted,
    /// What is not proven.
    pub limits: Vec<String>,
    /// Members of the file that are no part of the proof.
    pub ignored: Vec<String>,
}

impl Report {
    /// The report in lines for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(member) = self.found_in {
            lines
                .push(format!("found: {} in the answer's member {member}; only that is verified", self.kind));
        }
        lines.extend(self.checks.iter().map(|check| format!("✓ {check}")));
        if let Some(broken) = &self.broken {
            lines.push(format!("✗ broken: {broken}"));
        }
        lines.extend(self.proves.iter().map(|line| format!("proves: {line}")));
        if let Some(as_of) = &self.as_of {
            lines.push(format!("as of: block {}, {}", as_of.height, as_of.time));
        }
        let Trusted { genesis, network } = &self.trusted;
        lines.push(format!("trust: only genesis was trusted ({genesis}, network {network})"));
        lines.extend(self.limits.iter().map(|line| format!("note: {line}")));
        if !self.ignored.is_empty() {
            let names = self.ignored.join(", ");
            lines.push(format!("note: ignored, being no part of the proof: {names}"));
        }
        lines.iter().map(|line| plain(line)).collect()
    }
}

/// An error and its causes, in one line.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Text without what could steer a terminal or reorder what it shows: control characters and the marks of
/// bidirectional text (Unicode Standard Annex 9) become U+FFFD.
pub fn plain(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// A time on the ledger, RFC 3339 in UTC.
pub fn time_text(time_ms: u64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ms) * 1_000_000)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{time_ms} ms after 1970 began"))
}
