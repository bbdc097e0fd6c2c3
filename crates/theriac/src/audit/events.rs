//! Every event: against its commitment on the ledger, and the rows beside it against the event.

use std::collections::{BTreeMap, BTreeSet};

use store::audit::{AuditEvent, Indexed, Snapshot};

use super::derive::{Derived, event_of};
use super::event::{Checked, Row, check, of_epc, of_identity, of_measure, rows, table_of};
use super::finding::{Findings, What};
use super::outbox::OfEvent;
use super::own::Own;
use super::parallel;
use super::progress::Progress;
use super::tally::{Keys, Tally, differences};
use crate::limits::{AUDIT_CHUNK_BYTES, AUDIT_CHUNK_ROWS, AUDIT_DETAILS_AT_ONCE, AUDIT_DETAILS_MAX};

/// What the events are compared with.
pub struct Events<'a> {
    /// This organisation's batches and leaves.
    pub own: &'a mut Own,
    /// What the outbox has of each event.
    pub outbox: &'a BTreeMap<i64, OfEvent>,
    /// Hashes of this run.
    pub keys: &'a Keys,
    /// Whether every block was executed.
    pub is_whole: bool,
    /// Which events have no index yet.
    pub not_indexed: Option<Indexed>,
    /// Leaves whose events are asked for, and the events.
    pub wanted: BTreeMap<u64, Option<i64>>,
    /// Events, by their place: ascending.
    pub seqs: Vec<i64>,
    /// Rows beside them, by table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Events in batches whose leaves are not known here, so that nothing can be said of them.
    pub unjudged: u64,
    tally: Tally,
    /// Places of events that do not agree with the ledger: what follows from them is not looked at.
    bad: BTreeSet<usize>,
    /// Events in no batch: their short commitments.
    loose: BTreeMap<i64, u64>,
    /// Events that are not at the leaf that their anchor names: leaf and short commitment.
    misplaced: BTreeMap<i64, (u64, u64)>,
    claimed: BTreeSet<i64>,
    /// Events that are not there and that rows name: in which tables.
    absent: BTreeMap<i64, BTreeSet<&'static str>>,
    /// Leaves of them.
    absent_leaves: BTreeMap<i64, u64>,
}

impl<'a> Events<'a> {
    /// Before the first event.
    pub fn new(own: &'a mut Own, outbox: &'a BTreeMap<i64, OfEvent>, keys: &'a Keys, is_whole: bool) -> Self {
        let wanted = own.refused.iter().map(|refused| (refused.leaf, None)).collect();
        Events {
            own,
            outbox,
            keys,
            is_whole,
            not_indexed: None,
            wanted,
            seqs: Vec::new(),
            rows: BTreeMap::new(),
            unjudged: 0,
            tally: Tally::default(),
            bad: BTreeSet::new(),
            loose: BTreeMap::new(),
            misplaced: BTreeMap::new(),
            claimed: BTreeSet::new(),
            absent: BTreeMap::new(),
            absent_leaves: BTreeMap::new(),
        }
    }

    /// Reads and compares all of them, and the rows beside them.
    ///
    /// # Errors
    /// What the store fails with.
    pub async fn run(
        &mut self,
        db: &mut Snapshot,
        events: u64,
        findings: &mut Findings<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<(), store::Error> {
        progress.begin("events", events);
        self.not_indexed = db.not_indexed().await?;
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        db.events(|row| {
            bytes += row.body.len();
            chunk.push(row);
            if chunk.len() >= AUDIT_CHUNK_ROWS || bytes >= AUDIT_CHUNK_BYTES {
                progress.add(chunk.len() as u64);
                self.take(&std::mem::take(&mut chunk), findings);
                bytes = 0;
            }
        })
        .await?;
        self.take(&chunk, findings);
        self.outbox_alone();
        progress.begin("rows beside events", 0);
        self.beside(db, progress).await?;
        self.name(db, findings).await?;
        self.tell_absent(findings);
        self.place(findings);
        progress.end();
        Ok(())
    }

    fn take(&mut self, chunk: &[AuditEvent], findings: &mut Findings<'_>) {
        let checked = parallel::map(chunk, |row| check(row, self.keys, self.not_indexed));
        for (row, checked) in chunk.iter().zip(checked) {
            self.one(row, &checked, findings);
        }
    }

    fn one(&mut self, row: &AuditEvent, checked: &Checked, findings: &mut Findings<'_>) {
        let place = self.seqs.len();
        let key = event_row(row.seq);
        if self.seqs.last().is_some_and(|last| *last >= row.seq) {
            return findings.add("event", key, What::Added, "its number is that of another event");
        }
        self.seqs.push(row.seq);
        self.tally.expect(place, checked.rows);
        for fault in &checked.faults {
            findings.add("event", &*key, What::Altered, &**fault);
        }
        let is_same = checked.short.is_some() && checked.short == checked.stored;
        if !is_same || !checked.faults.is_empty() {
            self.bad.insert(place);
        }
        match checked.search {
            Ok(None) => {}
            Ok(Some(fault)) => findings.add("event_search", &*key, What::Altered, fault),
            Err(()) => findings.add("event_search", &*key, What::Missing, "the event is there"),
        }
        match (row.batch_sequence, row.leaf) {
            (Some(batch), Some(leaf)) => self.anchored(row, (batch, leaf), checked, findings),
            _ => self.not_anchored(row, checked, findings),
        }
        self.compare_outbox(row, checked, findings);
    }

    fn anchored(
        &mut self,
        row: &AuditEvent,
        (batch, leaf): (i64, i64),
        checked: &Checked,
        findings: &mut Findings<'_>,
    ) {
        let key = event_row(row.seq);
        let number = u64::try_from(leaf).unwrap_or(u64::MAX);
        match self.own.batch_of(batch) {
            Some(own) if number >= own.first && number - own.first < u64::from(own.events) => {}
            None if !self.is_whole => {}
            _ => {
                let detail = format!("leaf {leaf} is not in batch {batch}");
                findings.add("event_anchor", &*key, What::Altered, detail);
            }
        }
        self.compare_last(row, batch, number, findings);
        if !self.own.leaves.is_known(number) {
            self.unjudged += 1;
        } else if self.own.leaves.is_claimed(number) {
            let detail = format!("leaf {leaf} is another event's");
            return findings.add("event_anchor", key, What::Added, detail);
        }
        let is_at = |short: Option<u64>| short.is_some_and(|short| self.own.leaves.is(number, short));
        let (computed, stored) = (is_at(checked.short), is_at(checked.stored));
        if checked.short != checked.stored || checked.short.is_none() {
            let detail = match (computed, stored) {
                (true, _) => "the commitment is not the one that the ledger has of it",
                (_, true) => "body and salt do not give the commitment that the ledger has of it",
                _ => "body and salt do not give its commitment",
            };
            findings.add("event", &*key, What::Altered, detail);
        } else if !computed
            && let Some(short) = checked.short
            && self.own.leaves.is_known(number)
        {
            self.misplaced.insert(row.seq, (number, short));
            return;
        }
        self.own.leaves.claim(number);
        if let Some(event) = self.wanted.get_mut(&number) {
            *event = Some(row.seq);
        }
    }

    /// The batch with the last of an event's updates follows from the batches, and from what waits.
    fn compare_last(&self, row: &AuditEvent, batch: i64, leaf: u64, findings: &mut Findings<'_>) {
        if !self.is_whole {
            return;
        }
        let waits = self.outbox.get(&row.seq).is_some_and(|of_event| of_event.waits);
        let last = self.own.later.get(&leaf).map_or(Ok(batch), |last| i64::try_from(*last));
        let expected = if waits { None } else { last.ok() };
        if row.last_batch_sequence != expected {
            let detail = match expected {
                Some(last) => format!("the last of its updates is in batch {last}"),
                None => "some of its updates wait in the outbox".to_owned(),
            };
            findings.add("event_anchor", event_row(row.seq), What::Altered, detail);
        }
    }

    fn not_anchored(&mut self, row: &AuditEvent, checked: &Checked, findings: &mut Findings<'_>) {
        let waits = self.outbox.get(&row.seq).and_then(|of_event| of_event.first.as_ref());
        if checked.short != checked.stored || checked.short.is_none() {
            let detail = "body and salt do not give its commitment";
            findings.add("event", event_row(row.seq), What::Altered, detail);
        }
        if !waits.is_some_and(|(_, waits)| *waits) {
            self.loose.insert(row.seq, checked.stored.unwrap_or_default());
        }
    }

    fn compare_outbox(&self, row: &AuditEvent, checked: &Checked, findings: &mut Findings<'_>) {
        let Some(of_event) = self.outbox.get(&row.seq) else { return };
        let mut altered = |detail| findings.add("outbox", event_row(row.seq), What::Altered, detail);
        if of_event.captured_at != Some(row.captured_at) {
            altered("its time of capture is not the event's");
        }
        let Some((commitment, waits)) = &of_event.first else { return };
        let commitment =
            <&[u8; 32]>::try_from(commitment.as_slice()).map(|bytes| self.keys.short(bytes)).ok();
        if commitment != checked.short && commitment != checked.stored {
            altered("its commitment is not the event's");
        }
        if *waits && row.batch_sequence.is_some() {
            altered("the event is in a batch, and waits for one");
        }
    }

    fn outbox_alone(&mut self) {
        for seq in self.outbox.keys() {
            if self.seqs.binary_search(seq).is_err() {
                self.absent.entry(*seq).or_default().insert("outbox");
            }
        }
    }

    /// A row of one table whose event is not there was added; where several tables have rows of it, the event is missing.
    fn tell_absent(&mut self, findings: &mut Findings<'_>) {
        for (seq, tables) in std::mem::take(&mut self.absent) {
            if tables.len() > 1 {
                let tables: Vec<&str> = tables.into_iter().collect();
                let detail = format!("its rows are there in {}", tables.join(", "));
                findings.add("event", event_row(seq), What::Missing, detail);
                if let Some(leaf) = self.absent_leaves.get(&seq) {
                    self.own.leaves.claim(*leaf);
                }
            } else {
                for table in tables {
                    findings.add(table, event_row(seq), What::Added, "there is no such event");
                }
            }
        }
    }

    /// Rows beside events, against those that follow from them.
    async fn beside(&mut self, db: &mut Snapshot, progress: &mut Progress<'_>) -> Result<(), store::Error> {
        db.anchors_alone(|row| {
            self.absent.entry(row.event_seq).or_default().insert("event_anchor");
            if let Ok(leaf) = u64::try_from(row.leaf) {
                self.absent_leaves.insert(row.event_seq, leaf);
            }
        })
        .await?;
        db.searches_alone(|seq| {
            self.absent.entry(seq).or_default().insert("event_search");
        })
        .await?;
        db.epcs(|row| self.find(&of_epc(&row), progress)).await?;
        db.identities(|row| {
            if self.loose.contains_key(&row.event_seq) {
                self.claimed.insert(row.event_seq);
            }
            self.find(&of_identity(&row), progress);
        })
        .await?;
        db.measures(|row| self.find(&of_measure(&row), progress)).await
    }

    fn find(&mut self, row: &Row, progress: &mut Progress<'_>) {
        progress.add(1);
        *self.rows.entry(table_of(row)).or_default() += 1;
        match self.seqs.binary_search(&row.1) {
            Ok(place) => drop(self.tally.find(place, self.keys.row(row))),
            Err(_) => drop(self.absent.entry(row.1).or_default().insert(table_of(row))),
        }
    }

    /// Names the rows of the events whose rows differ from those that follow from them.
    async fn name(&self, db: &mut Snapshot, findings: &mut Findings<'_>) -> Result<(), store::Error> {
        let differing: Vec<i64> = self
            .tally
            .differing()
            .filter(|place| !self.bad.contains(place))
            .filter_map(|place| self.seqs.get(place).copied())
            .collect();
        for seqs in differing.chunks(AUDIT_DETAILS_AT_ONCE).take(AUDIT_DETAILS_MAX / AUDIT_DETAILS_AT_ONCE) {
            let mut expected = Vec::new();
            for (seq, captured_at, body) in db.events_of(seqs).await? {
                let indexed = self.not_indexed.is_none_or(|not| seq < not.from || seq > not.until);
                let derived = event_of(&body).map(|event| Derived::of(&event));
                expected.extend(derived.iter().flat_map(|derived| rows(seq, captured_at, derived, indexed)));
            }
            let mut found: Vec<Row> = db.epcs_of(seqs).await?.iter().map(of_epc).collect();
            found.extend(db.identities_of(seqs).await?.iter().map(of_identity));
            found.extend(db.measures_of(seqs).await?.iter().map(of_measure));
            let (missing, added) = differences(expected, found);
            for row in &missing {
                findings.add(table_of(row), beside_row(row), What::Missing, "it follows from the event");
            }
            for row in &added {
                findings.add(
                    table_of(row),
                    beside_row(row),
                    What::Added,
                    "it does not follow from the event",
                );
            }
        }
        for seq in differing.iter().skip(AUDIT_DETAILS_MAX) {
            let detail = "identifiers, identity or measures are not those that follow from the event";
            findings.add("event_epc", event_row(*seq), What::Altered, detail);
        }
        Ok(())
    }

    /// Finds out, once every leaf that could be claimed is, what became of events that are not where they should be.
    fn place(&mut self, findings: &mut Findings<'_>) {
        if self.misplaced.is_empty() && self.loose.is_empty() {
            return;
        }
        let mut free = self.own.leaves.unclaimed();
        for (seq, (leaf, short)) in std::mem::take(&mut self.misplaced) {
            if let Some(number) = free.remove(&short) {
                self.own.leaves.claim(number);
                let detail = format!("its commitment is leaf {number}, not {leaf}");
                findings.add("event_anchor", event_row(seq), What::Altered, detail);
            } else {
                self.own.leaves.claim(leaf);
                let detail = format!("another event is anchored as leaf {leaf}");
                findings.add("event", event_row(seq), What::Altered, detail);
            }
        }
        for (seq, short) in std::mem::take(&mut self.loose) {
            if let Some(number) = free.remove(&short) {
                self.own.leaves.claim(number);
                let detail = format!("its commitment is leaf {number}");
                findings.add("event_anchor", event_row(seq), What::Missing, detail);
            } else if self.claimed.contains(&seq) {
                let detail = "the event is in no batch and does not wait for one: its row here was deleted, or the event added";
                findings.add("outbox", event_row(seq), What::Missing, detail);
            } else {
                let detail = "it is in no batch and does not wait for one";
                findings.add("event", event_row(seq), What::Added, detail);
            }
        }
    }
}

fn event_row(seq: i64) -> String {
    format!("event {seq}")
}

/// Identifiers hold serial numbers, which are not told.
fn beside_row(row: &Row) -> String {
    match row.0 {
        1 => format!("event {}, role {}", row.1, row.3),
        2 => event_row(row.1),
        _ => format!("event {}, {}", row.1, row.4),
    }
}
