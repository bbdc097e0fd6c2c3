//! One event: its row against its body, and its body against its commitment.

use epcis::Event;
use ledger::commitment::Salt;
use store::audit::{AuditEpc, AuditEvent, AuditIdentity, AuditMeasure, Indexed};
use time::OffsetDateTime;

use super::derive::{Derived, event_of};
use super::state::hex;
use super::tally::Keys;

/// What was found out about an event without looking at anything else.
#[derive(Debug)]
pub struct Checked {
    /// Short hash of the commitment that body and salt give; none where the body is no event.
    pub short: Option<u64>,
    /// Short hash of the commitment as stored.
    pub stored: Option<u64>,
    /// What is wrong with its row, the commitment aside.
    pub faults: Vec<String>,
    /// What is wrong with its row of `event_search`; `Err` where there is none.
    pub search: Result<Option<&'static str>, ()>,
    /// Sum of the hashes of the rows that follow from it.
    pub rows: u128,
}

/// Checks an event by itself: nearly all the work of an audit of the events.
pub fn check(row: &AuditEvent, keys: &Keys, not_indexed: Option<Indexed>) -> Checked {
    let short = |bytes: &[u8]| <&[u8; 32]>::try_from(bytes).ok().map(|bytes| keys.short(bytes));
    let stored = short(&row.commitment);
    let Some(event) = event_of(&row.body) else {
        let faults = vec!["the body is no EPCIS event".to_owned()];
        return Checked { short: None, stored, faults, search: Ok(None), rows: 0 };
    };
    let derived = Derived::of(&event);
    let salt = <[u8; 32]>::try_from(row.salt.as_slice()).ok();
    let computed = salt.map(|salt| capture::commitment(&event, &Salt(salt)));
    let is_indexed = not_indexed.is_none_or(|not| row.seq < not.from || row.seq > not.until);
    Checked {
        short: computed.map(|computed| keys.short(&computed.0)),
        stored,
        faults: faults(row, &event, &derived),
        search: if is_indexed { search(row, &derived) } else { Ok(None) },
        rows: rows(row.seq, row.captured_at, &derived, is_indexed)
            .iter()
            .fold(0, |sum, row| sum.wrapping_add(keys.row(row))),
    }
}

fn faults(row: &AuditEvent, event: &Event, derived: &Derived) -> Vec<String> {
    let text = |column: &'static str, is: Option<&str>, should: Option<&str>| (column, is == should);
    let record_time = event.record_time.as_ref().map(epcis::Timestamp::unix_micros);
    let columns = [
        ("captured_at", Some(micros(row.captured_at)) == record_time.map(i128::from)),
        text("event_id", Some(&row.event_id), event.event_id.as_deref()),
        text("hash_id", Some(&row.hash_id), Some(&derived.hash_id)),
        ("event_type", row.event_type == derived.event_type),
        ("action", row.action == derived.action),
        ("event_time", micros(row.event_time) == i128::from(event.event_time.unix_micros())),
        text("biz_step", row.biz_step.as_deref(), event.biz_step.as_deref()),
        text("disposition", row.disposition.as_deref(), event.disposition.as_deref()),
        text("read_point", row.read_point.as_deref(), derived.read_point.as_deref()),
        text("biz_location", row.biz_location.as_deref(), derived.biz_location.as_deref()),
    ];
    let mut faults: Vec<String> = columns
        .into_iter()
        .filter(|(_, same)| !same)
        .map(|(column, _)| format!("{column} is not what the body says"))
        .collect();
    if event.to_json() != row.body {
        faults.push("the body is not in the form in which events are stored".to_owned());
    }
    faults
}

/// The terms must be those of the event, after which may come the site of who captured it. Prefixes of namespaces (`@`) are
/// those of the document that brought the event, and are not in its body.
fn search(row: &AuditEvent, derived: &Derived) -> Result<Option<&'static str>, ()> {
    let (Some(terms), Some(time)) = (&row.terms, row.search_time) else { return Err(()) };
    let told = |terms: &[String]| -> Vec<String> {
        terms.iter().filter(|term| !term.starts_with('@')).cloned().collect()
    };
    let (terms, expected) = (told(terms), told(&derived.terms));
    let is_same = match terms.strip_prefix(expected.as_slice()) {
        Some([]) => true,
        Some([site]) => site.starts_with("site="),
        _ => false,
    };
    if !is_same {
        return Ok(Some("the terms are not those of the event"));
    }
    Ok((time != row.event_time).then_some("the time is not that of the event"))
}

/// A row that follows from an event, as it is compared: table, event, time of capture, and what tells it from others: of
/// an identifier its role, of a measure whether the event has several values of it, and texts.
pub type Row = (u8, i64, i128, i16, String, String);

/// A row of `event_epc`.
pub fn of_epc(row: &AuditEpc) -> Row {
    (1, row.event_seq, micros(row.captured_at), row.role, row.epc.clone(), String::new())
}

/// A row of `event_identity`.
pub fn of_identity(row: &AuditIdentity) -> Row {
    (2, row.event_seq, micros(row.captured_at), 0, row.event_id.clone(), hex(&row.event_hash))
}

/// A row of `event_measure`.
pub fn of_measure(row: &AuditMeasure) -> Row {
    (3, row.event_seq, micros(row.captured_at), i16::from(row.several), row.name.clone(), row.value.clone())
}

/// Table of such a row.
pub fn table_of(row: &Row) -> &'static str {
    match row.0 {
        1 => "event_epc",
        2 => "event_identity",
        _ => "event_measure",
    }
}

/// The rows that follow from an event.
pub fn rows(seq: i64, captured_at: OffsetDateTime, derived: &Derived, is_indexed: bool) -> Vec<Row> {
    let at = micros(captured_at);
    let mut rows: Vec<Row> =
        derived.epcs.iter().map(|(epc, role)| (1, seq, at, *role, epc.clone(), String::new())).collect();
    rows.push((2, seq, at, 0, derived.identity.clone(), derived.hash.clone()));
    if is_indexed {
        let of_name = |name: &str| derived.measures.iter().filter(|(other, _)| other == name).count();
        rows.extend(
            derived
                .measures
                .iter()
                .map(|(name, value)| (3, seq, at, i16::from(of_name(name) > 1), name.clone(), value.clone())),
        );
    }
    rows
}

/// Microseconds since 1970 UTC.
fn micros(at: OffsetDateTime) -> i128 {
    at.unix_timestamp_nanos() / 1_000
}
