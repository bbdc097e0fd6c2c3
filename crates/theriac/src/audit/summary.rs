//! What an audit came to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::plain;

/// What an audit came to: the last line, or the last JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Always `summary`: tells it from findings.
    pub kind: &'static str,
    /// Whether all that was checked agrees.
    pub agrees: bool,
    /// Name of the network.
    pub genesis: String,
    /// Its identity.
    pub network: String,
    /// Whose database it is: the number in the directory; none where no batch tells.
    pub organisation: Option<u32>,
    /// As of which block.
    pub height: u64,
    /// Its time, RFC 3339; none at the genesis.
    pub time: Option<String>,
    /// The first block that could not be executed, if one could not: what is above it was not compared with the ledger.
    pub stopped_at: Option<u64>,
    /// Events.
    pub events: u64,
    /// Rows checked, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// How many findings there are.
    pub findings: u64,
    /// The same by table.
    pub findings_by_table: BTreeMap<&'static str, u64>,
    /// How many of them were not printed.
    pub findings_not_printed: u64,
    /// Leaves of this organisation's batches that may be padding or events that are missing; none with the padding secret.
    pub leaves_open: u64,
    /// Events that nothing can be said of, because the leaves of their batch are not whole.
    pub events_not_judged: u64,
    /// What the ledger does not cover, and so was not checked.
    pub not_checked: Vec<NotChecked>,
}

/// Something that the ledger does not cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// Table.
    pub table: &'static str,
    /// Its columns; none: the whole table.
    pub columns: &'static [&'static str],
    /// Why.
    pub why: &'static str,
}

const fn columns(table: &'static str, columns: &'static [&'static str], why: &'static str) -> NotChecked {
    NotChecked { table, columns, why }
}

const fn table(table: &'static str, why: &'static str) -> NotChecked {
    NotChecked { table, columns: &[], why }
}

/// What the ledger does not cover. A test holds it against the schema.
pub const NOT_CHECKED: &[NotChecked] = &[
    columns("event", &["capture_id"], "the capture job that brought it is nobody else's business"),
    columns(
        "outbox",
        &["id", "updates", "changes"],
        "nothing is signed of a row that waits; of one in a batch, updates and changes are compared",
    ),
    columns(
        "event_search",
        &["terms"],
        "prefixes of namespaces (terms that begin with @) alone: the document had them",
    ),
    columns("known_event", &["seq", "received_at"], "when and in which order it came is known here alone"),
    table("alert", "alerts are raised at the site; no ledger has them"),
    table("alert_action", "who looked at an alert is known here alone"),
    table("alert_forward", "a queue"),
    table("api_client", "clients of this organisation's services"),
    table("capture_job", "documents on their way"),
    table(
        "custody",
        "where goods are follows from events and notices by the rules of the service; not computed again",
    ),
    table(
        "directory_request",
        "who asked for a change is known here alone; the change itself is in directory_entry",
    ),
    table("event_search_progress", "how far an index is"),
    table("event_value", "values that occur in events; built from event_search, and rebuilt from it"),
    table("expected_receipt", "goods on their way; follows from notices"),
    table("idempotency", "answers given in the last day"),
    table("lookup_log", "look-ups of the regulator"),
    table("lot", "lots follow from commissioning events; the ledger has their tags alone"),
    table("master_data", "master data is not anchored"),
    table("master_data_attribute", "master data is not anchored"),
    table("master_data_child", "master data is not anchored"),
    table("message_in", "messages of partners"),
    table("message_out", "messages to partners"),
    table("named_query", "queries of clients"),
    table("pending_change", "changes on their way to the ledger"),
    table("shipment", "notices on their way"),
    table("subscription", "subscriptions of clients"),
];

impl Summary {
    /// The same for a person.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.findings_not_printed > 0 {
            lines.push(format!("and {} more findings, not printed", self.findings_not_printed));
        }
        let rows: u64 = self.rows.values().sum();
        let verdict = if self.agrees { "all rows agree with the ledger" } else { "the database was altered" };
        lines.push(format!(
            "{verdict}: {} findings in {rows} rows of {} tables",
            self.findings,
            self.rows.len()
        ));
        let by_table: Vec<String> =
            self.findings_by_table.iter().map(|(table, count)| format!("{table} {count}")).collect();
        if !by_table.is_empty() {
            lines.push(format!("findings: {}", by_table.join(", ")));
        }
        let time = self.time.as_ref().map(|time| format!(", {time}")).unwrap_or_default();
        lines.push(format!("as of: block {}{time}; {} events", self.height, self.events));
        match self.organisation {
            Some(organisation) => lines.push(format!("whose: organisation {organisation}")),
            None => lines.push("whose: no batch tells; --organisation says it".to_owned()),
        }
        lines.push(format!("trust: only genesis was trusted ({}, network {})", self.genesis, self.network));
        if let Some(height) = self.stopped_at {
            lines.push(format!(
                "note: block {height} cannot be executed: records, history, directory and refusals were not compared \
                 at all; bring its rows back from another organisation, and audit again"
            ));
        }
        if self.leaves_open > 0 {
            lines.push(format!(
                "note: {} leaves are padding, or events that are missing; with --padding-secret-file it would be known",
                self.leaves_open
            ));
        }
        if self.events_not_judged > 0 {
            lines.push(format!(
                "note: {} events are in batches whose leaves are not whole",
                self.events_not_judged
            ));
        }
        let tables: Vec<&str> =
            self.not_checked.iter().filter(|one| one.columns.is_empty()).map(|one| one.table).collect();
        lines.push(format!("not covered by the ledger, not checked: {}", tables.join(", ")));
        for one in self.not_checked.iter().filter(|one| !one.columns.is_empty()) {
            lines.push(format!("not checked of {}: {}: {}", one.table, one.columns.join(", "), one.why));
        }
        lines.iter().map(|line| plain(line)).collect()
    }
}
