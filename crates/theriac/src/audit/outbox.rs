//! What waits for the ledger: rows that no batch has, and rows of batches that no block holds yet.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Canonical, DirectoryChange, Reader, StatusUpdate};
use store::audit::AuditOutbox;
use time::OffsetDateTime;

use super::finding::{Findings, What};
use super::own::Own;
use super::tally::Keys;

/// What the outbox has of one event.
#[derive(Debug, Clone)]
pub struct OfEvent {
    /// Its time of capture, as the rows have it.
    pub captured_at: Option<OffsetDateTime>,
    /// Its commitment, as its first row has it, and whether that row waits.
    pub first: Option<(Vec<u8>, bool)>,
    /// Whether its last row waits.
    pub waits: bool,
    /// Its newest row, and whether that says that it is the last.
    newest: (i64, bool),
}

/// How far the rows of a batch are read.
#[derive(Debug, Default)]
struct Place {
    events: u64,
    updates: usize,
    changes: usize,
}

/// Rows of `outbox`, one by one.
pub struct Outbox<'a> {
    own: &'a Own,
    keys: &'a Keys,
    places: BTreeMap<u64, Place>,
    /// Batches that rows name and that are not there.
    gone: BTreeSet<i64>,
    /// By event.
    pub events: BTreeMap<i64, OfEvent>,
    /// Rows read.
    pub rows: u64,
}

impl<'a> Outbox<'a> {
    /// Before the first row.
    pub fn new(own: &'a Own, keys: &'a Keys) -> Self {
        Outbox { own, keys, places: BTreeMap::new(), gone: BTreeSet::new(), events: BTreeMap::new(), rows: 0 }
    }

    /// Takes the next row, in order.
    pub fn take(&mut self, row: AuditOutbox, findings: &mut Findings<'_>) {
        self.rows += 1;
        let key = format!("id {}", row.id);
        let faults = self.faults(&row);
        for fault in faults {
            findings.add("outbox", &*key, What::Altered, fault);
        }
        let waits = row.batch_sequence.is_none();
        let Some(seq) = row.event_seq else { return };
        let last = row.last;
        let of_event = self.events.entry(seq).or_insert_with(|| OfEvent {
            captured_at: row.captured_at,
            first: None,
            waits,
            newest: (row.id, last),
        });
        if of_event.newest.0 != row.id && of_event.newest.1 {
            let detail = format!("an earlier row says that it is the last of event {seq}");
            findings.add("outbox", &*key, What::Altered, detail);
        }
        if of_event.captured_at != row.captured_at || row.captured_at != Some(row.created_at) {
            let detail = format!("its times are not the time of capture of event {seq}");
            findings.add("outbox", &*key, What::Altered, detail);
        }
        of_event.newest = (row.id, last);
        of_event.waits = waits;
        if let Some(commitment) = row.commitment {
            if of_event.first.is_some() {
                let detail = format!("event {seq} has its commitment in an earlier row");
                findings.add("outbox", key, What::Added, detail);
            }
            of_event.first = Some((commitment, waits));
        }
    }

    fn faults(&mut self, row: &AuditOutbox) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let updates = list::<StatusUpdate>(&row.updates);
        let changes = list::<DirectoryChange>(&row.changes);
        let count = updates.as_ref().map(|updates| i32::try_from(updates.len()));
        if count != Some(Ok(row.update_count)) {
            faults.push("it does not have as many updates as it says");
        }
        if changes.is_none() {
            faults.push("its directory changes do not decode");
        }
        let Some(sequence) = row.batch_sequence else {
            if row.leaf.is_some() {
                faults.push("it waits, and has a leaf");
            }
            return faults;
        };
        let waiting = u64::try_from(sequence).ok().and_then(|s| Some((s, self.own.waiting.get(&s)?)));
        let Some((sequence, signed)) = waiting else {
            faults.push("no batch that waits for its block has its number");
            if self.own.batch_of(sequence).is_none() {
                self.gone.insert(sequence);
            }
            return faults;
        };
        let place = self.places.entry(sequence).or_default();
        let batch = &signed.batch;
        let (updates, changes) = (updates.unwrap_or_default(), changes.unwrap_or_default());
        let unnumbered = |update: &StatusUpdate| StatusUpdate { event: 0, ..update.clone() };
        let same = |(own, signed): (&StatusUpdate, &StatusUpdate)| *own == unnumbered(signed);
        let rest = batch.updates.get(place.updates..).unwrap_or_default();
        if rest.len() < updates.len() || !updates.iter().zip(rest).all(same) {
            faults.push("its updates are not those of its batch");
        }
        let rest = batch.changes.get(place.changes..).unwrap_or_default();
        if !rest.starts_with(&changes) {
            faults.push("its directory changes are not those of its batch");
        }
        place.updates += updates.len();
        place.changes += changes.len();
        let leaf = row.commitment.as_ref().map(|_| batch.header.first_event + place.events);
        if row.leaf.map(u64::try_from) != leaf.map(Ok) {
            faults.push("its leaf is not its place in its batch");
        }
        if let Some((number, commitment)) = leaf.zip(row.commitment.as_ref()) {
            place.events += 1;
            let short = <&[u8; 32]>::try_from(commitment.as_slice()).map(|bytes| self.keys.short(bytes));
            if self.own.leaves.is_known(number) && !short.is_ok_and(|short| self.own.leaves.is(number, short))
            {
                faults.push("its commitment is not the leaf of its batch");
            }
        }
        faults
    }

    /// After the last row: gives what it has of each event.
    pub fn end(self, findings: &mut Findings<'_>) -> BTreeMap<i64, OfEvent> {
        for sequence in &self.gone {
            findings.add(
                "batch",
                format!("sequence {sequence}"),
                What::Missing,
                "rows of the outbox are in it",
            );
        }
        for (sequence, signed) in &self.own.waiting {
            let place = self.places.get(sequence);
            let (updates, changes) = place.map_or((0, 0), |place| (place.updates, place.changes));
            let batch = &signed.batch;
            let events = place.map_or(0, |place| place.events);
            // As for the leaves of a batch: fewer events would have been padded to fewer leaves.
            let padded = ledger::batch::padded(u32::try_from(events).unwrap_or(u32::MAX).min(1 << 20));
            if updates < batch.updates.len() || changes < batch.changes.len() || padded < batch.header.events
            {
                let detail = "the batch has more updates, changes or events than its rows here";
                findings.add("outbox", format!("batch {sequence}"), What::Missing, detail);
            }
        }
        for (seq, of_event) in self.events.iter().filter(|(_, of_event)| !of_event.newest.1) {
            let detail = format!("no row of event {seq} says that it is the last");
            findings.add("outbox", format!("id {}", of_event.newest.0), What::Altered, detail);
        }
        self.events
    }
}

fn list<T: Canonical>(bytes: &[u8]) -> Option<Vec<T>> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    while reader.offset() < bytes.len() {
        items.push(T::read(&mut reader).ok()?);
    }
    Some(items)
}
