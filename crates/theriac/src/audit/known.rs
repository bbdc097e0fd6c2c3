//! Events of partners: what was disclosed of them, against receipt and validators.

use capture::disclosed::{Facts, facts};
use gs1::EpcKey;
use ledger::Canonical as _;
use ledger::commitment::Disclosure;
use ledger::receipt::{EventReceipt, Trust};
use store::audit::{AuditKnown, AuditKnownEpc, Snapshot};
use store::event_epc::EpcRole;

use super::finding::{Findings, What};
use super::parallel;
use super::progress::Progress;
use super::tally::{Keys, Tally, differences};
use crate::limits::{AUDIT_CHUNK_BYTES, AUDIT_CHUNK_ROWS, AUDIT_DETAILS_MAX};

/// Compares `known_event` and `known_event_epc`. Returns how many rows each has.
///
/// # Errors
/// What the store fails with.
pub async fn known(
    db: &mut Snapshot,
    trust: Trust<'_>,
    keys: &Keys,
    findings: &mut Findings<'_>,
    progress: &mut Progress<'_>,
) -> Result<(u64, u64), store::Error> {
    let mut partners = Partners { trust, keys, seqs: Vec::new(), tally: Tally::default() };
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    db.known_events(|row: AuditKnown| {
        bytes += row.body.len() + row.disclosure.len() + row.receipt.len();
        chunk.push(row);
        if chunk.len() >= AUDIT_CHUNK_ROWS || bytes >= AUDIT_CHUNK_BYTES {
            progress.add(chunk.len() as u64);
            partners.take(&std::mem::take(&mut chunk), findings);
            bytes = 0;
        }
    })
    .await?;
    partners.take(&chunk, findings);
    let mut rows = 0;
    db.known_epcs(|row| {
        rows += 1;
        if !partners.find(&row) {
            let detail = "its event is not in table known_event";
            findings.add("known_event_epc", epc_row(&row), What::Added, detail);
            findings.add(
                "known_event",
                format!("seq {}", row.known_seq),
                What::Missing,
                "its identifiers are there",
            );
        }
    })
    .await?;
    partners.name(db, findings).await?;
    Ok((partners.seqs.len() as u64, rows))
}

struct Partners<'a> {
    trust: Trust<'a>,
    keys: &'a Keys,
    seqs: Vec<i64>,
    tally: Tally,
}

impl Partners<'_> {
    fn take(&mut self, chunk: &[AuditKnown], findings: &mut Findings<'_>) {
        let checked = parallel::map(chunk, |row| check(row, self.trust));
        for (row, (faults, epcs)) in chunk.iter().zip(checked) {
            for fault in faults {
                findings.add("known_event", format!("seq {}", row.seq), What::Altered, fault);
            }
            let group = self.seqs.len();
            self.seqs.push(row.seq);
            // The group exists also for an event without identifiers.
            self.tally.expect(group, 0);
            for epc in epcs {
                self.tally.expect(group, self.keys.row(&(row.seq, epc.role, &epc.epc)));
            }
        }
    }

    fn find(&mut self, row: &AuditKnownEpc) -> bool {
        let hash = self.keys.row(&(row.known_seq, row.role, &row.epc));
        self.seqs.binary_search(&row.known_seq).is_ok_and(|group| self.tally.find(group, hash))
    }

    async fn name(&self, db: &mut Snapshot, findings: &mut Findings<'_>) -> Result<(), store::Error> {
        let differing: Vec<i64> = self
            .tally
            .differing()
            .take(AUDIT_DETAILS_MAX)
            .filter_map(|group| self.seqs.get(group))
            .copied()
            .collect();
        if differing.is_empty() {
            return Ok(());
        }
        let expected = db.disclosures_of(&differing).await?;
        let expected = expected.iter().flat_map(|(seq, bytes)| {
            let shown = Disclosure::from_bytes(bytes).ok();
            shown.map(|shown| epcs_of(*seq, &facts(&shown))).unwrap_or_default()
        });
        let (missing, added) = differences(expected.collect(), db.known_epcs_of(&differing).await?);
        for row in &missing {
            findings.add("known_event_epc", epc_row(row), What::Missing, "the event names it");
        }
        for row in &added {
            findings.add("known_event_epc", epc_row(row), What::Added, "the event does not name it so");
        }
        Ok(())
    }
}

fn check(row: &AuditKnown, trust: Trust<'_>) -> (Vec<String>, Vec<AuditKnownEpc>) {
    let mut faults = Vec::new();
    let receipt = match EventReceipt::from_bytes(&row.receipt) {
        Ok(receipt) => Some(receipt),
        Err(cause) => {
            faults.push(format!("the receipt does not decode: {cause}"));
            None
        }
    };
    let shown = match Disclosure::from_bytes(&row.disclosure) {
        Ok(shown) => shown,
        Err(cause) => {
            faults.push(format!("the disclosure does not decode: {cause}"));
            return (faults, Vec::new());
        }
    };
    let facts = facts(&shown);
    if let Some(receipt) = receipt {
        if let Err(cause) = receipt.verify(trust) {
            faults.push(format!("the receipt does not hold: {cause}"));
        }
        if let Err(cause) = shown.verify(&receipt.commitment) {
            faults.push(format!("what was disclosed is not what the receipt is for: {cause}"));
        }
        let author = receipt.anchor.batch.author;
        if row.author != i64::from(author.0) {
            faults.push(format!("organisation {author} anchored it"));
        }
        if *row.commitment != receipt.commitment.0 {
            faults.push(format!("the commitment is not the receipt's, {}", receipt.commitment));
        }
    }
    if row.event_id != facts.event_id {
        faults.push("the eventID is not the disclosed one".to_owned());
    }
    if row.body != body_of(&shown) {
        faults.push("the body does not say what was disclosed".to_owned());
    }
    (faults, epcs_of(row.seq, &facts))
}

/// As a node writes it (`node`, module `notices`): one JSON object of field names and values.
fn body_of(shown: &Disclosure) -> String {
    let fields: serde_json::Map<String, serde_json::Value> =
        shown.shown.iter().map(|field| (field.name.clone(), field.value.clone().into())).collect();
    serde_json::Value::Object(fields).to_string()
}

fn epcs_of(seq: i64, facts: &Facts) -> Vec<AuditKnownEpc> {
    let row = |uri: &String, role: EpcRole| {
        let epc = EpcKey::parse(uri).ok()?.path();
        Some(AuditKnownEpc { known_seq: seq, role: role.code(), epc })
    };
    let parent = facts.parent.iter().filter_map(|uri| row(uri, EpcRole::Parent));
    let children = facts.children.iter().filter_map(|uri| row(uri, EpcRole::Child));
    parent.chain(children).chain(facts.epcs.iter().filter_map(|uri| row(uri, EpcRole::Epc))).collect()
}

fn epc_row(row: &AuditKnownEpc) -> String {
    format!("event {}, role {}", row.known_seq, row.role)
}
