//! What follows from the chain: records, history, directory, and how far the node says it is.

use ledger::prove::DecidedBlock;
use ledger::{
    Block, BlockHeader, Canonical as _, ChainState, Hash, Outcome, SignedBatch, StatusRecord, Writer,
};
use store::audit::{AuditChange, AuditEntry, AuditState, Snapshot};

use super::chain::{Chain, history, row_of};
use super::finding::{Findings, What};
use super::progress::Progress;
use super::tally::{Keys, differences};
use crate::limits::{AUDIT_DETAILS_AT_ONCE, AUDIT_DETAILS_MAX};

/// Compares `status_record`, both ways. Returns how many rows there are.
///
/// # Errors
/// What the store fails with.
pub async fn records(
    db: &mut Snapshot,
    chain: &mut Chain,
    findings: &mut Findings<'_>,
    progress: &mut Progress<'_>,
) -> Result<u64, store::Error> {
    let mut rows = 0;
    db.records(|row| {
        rows += 1;
        progress.add(1);
        let key = <[u8; 32]>::try_from(row.record_key.as_slice()).ok().map(Hash);
        let named = || format!("record {}", hex(&row.record_key));
        match key.and_then(|key| chain.records.remove(&key)) {
            None => findings.add("status_record", named(), What::Added, "no block commissioned it"),
            Some(expected) if *expected != *row.record => {
                let detail = format!("the ledger has it {}", in_words(&expected));
                findings.add("status_record", named(), What::Altered, detail);
            }
            Some(_) => {}
        }
    })
    .await?;
    for key in chain.records.left() {
        let expected = chain.records.remove(&key).unwrap_or_default();
        let detail = format!("the ledger has it {}", in_words(&expected));
        findings.add("status_record", format!("record {key}"), What::Missing, detail);
    }
    Ok(rows)
}

fn in_words(record: &[u8]) -> String {
    StatusRecord::from_bytes(record).map_or_else(
        |_| "as something else".to_owned(),
        |record| {
            let StatusRecord { state, version, changed, .. } = record;
            format!("as {} since block {}, version {version}", state.as_str(), changed.height)
        },
    )
}

/// Compares `status_history`, both ways. Returns how many rows there are.
///
/// # Errors
/// What the store fails with.
pub async fn changes(
    db: &mut Snapshot,
    chain: &mut Chain,
    keys: &Keys,
    findings: &mut Findings<'_>,
    progress: &mut Progress<'_>,
) -> Result<u64, store::Error> {
    let mut rows = 0;
    let head = chain.state.height.0;
    db.history(|row| {
        rows += 1;
        progress.add(1);
        let group = usize::try_from(row.height).ok().filter(|height| *height as u64 <= head);
        if !group.is_some_and(|group| chain.history.find(group, keys.row(&row_of(&row)))) {
            findings.add(
                "status_history",
                change_row(&row),
                What::Added,
                "no block at this height changed a pack",
            );
        }
    })
    .await?;
    let differing: Vec<i64> =
        chain.history.differing().filter_map(|height| i64::try_from(height).ok()).collect();
    for heights in differing.chunks(AUDIT_DETAILS_AT_ONCE).take(AUDIT_DETAILS_MAX / AUDIT_DETAILS_AT_ONCE) {
        name_changes(db, heights, findings).await?;
    }
    for height in differing.iter().skip(AUDIT_DETAILS_MAX) {
        let detail = "the rows of this height are not those of its block";
        findings.add("status_history", format!("height {height}"), What::Altered, detail);
    }
    Ok(rows)
}

async fn name_changes(
    db: &mut Snapshot,
    heights: &[i64],
    findings: &mut Findings<'_>,
) -> Result<(), store::Error> {
    let found = db.history_of(heights).await?;
    let mut expected = Vec::new();
    for height in heights {
        if let Some(block) = db.blocks(height - 1, 1).await?.first() {
            let batches: Vec<Vec<u8>> =
                db.batches_of(*height).await?.into_iter().map(|row| row.signed).collect();
            expected.extend(changes_of(&block.header, &batches, &block.results).unwrap_or_default());
        }
    }
    let (missing, added) = differences(expected, found);
    for row in &missing {
        findings.add("status_history", change_row(row), What::Missing, "the block made this change");
    }
    for row in &added {
        findings.add("status_history", change_row(row), What::Added, "the block made no such change");
    }
    Ok(())
}

/// Rows of the history of a block whose own rows were found whole.
fn changes_of(header: &[u8], batches: &[Vec<u8>], results: &[u8]) -> Option<Vec<AuditChange>> {
    let batches: Option<Vec<SignedBatch>> =
        batches.iter().map(|bytes| SignedBatch::from_bytes(bytes).ok()).collect();
    let block = Block { header: BlockHeader::from_bytes(header).ok()?, batches: batches? };
    let none = ledger::Certificate {
        height: block.header.height,
        round: 0,
        block: Hash::ZERO,
        signatures: Vec::new(),
    };
    let decided = DecidedBlock::from_stored(block, none, results)?;
    let outcomes: &[Vec<Outcome>] = &decided.outcomes;
    Some(history(&decided.block, outcomes))
}

/// Compares `directory_entry`, both ways.
pub fn entries(rows: &[AuditEntry], chain: &Chain, findings: &mut Findings<'_>) {
    let mut left = chain.entries.clone();
    for row in rows {
        let named = entry_row(row.kind, &row.key);
        match left.remove(&(row.kind, row.key.clone())) {
            None => findings.add("directory_entry", named, What::Added, "the ledger has no such entry"),
            Some((body, _)) if body != row.body => {
                findings.add("directory_entry", named, What::Altered, "the ledger has another entry");
            }
            Some((_, height)) if u64::try_from(row.height) != Ok(height) => {
                let detail = format!("block {height} wrote it last");
                findings.add("directory_entry", named, What::Altered, detail);
            }
            Some(_) => {}
        }
    }
    for ((kind, key), (_, height)) in left {
        let detail = format!("block {height} wrote it last");
        findings.add("directory_entry", entry_row(kind, &key), What::Missing, detail);
    }
}

/// Compares `node_state`.
pub fn node_state(rows: &[AuditState], chain: &Chain, findings: &mut Findings<'_>) {
    let state = &chain.state;
    let mut is_there = false;
    for row in rows {
        let named = format!("id {}", row.id);
        if is_there || row.id != 1 {
            findings.add("node_state", named, What::Added, "there is one row, with id 1");
            continue;
        }
        is_there = true;
        let columns = [
            ("height", u64::try_from(row.height) == Ok(state.height.0)),
            ("block_hash", *row.block_hash == state.block.0),
            ("results_root", *row.results_root == state.results_root.0),
            ("status_root", *row.status_root == state.status_root.0),
            ("directory_root", *row.directory_root == state.directory_root().0),
            ("carry", row.carry == carry(state, chain.roots_pending)),
        ];
        for (column, _) in columns.into_iter().filter(|(_, same)| !same) {
            let detail = format!("{column} is not that of block {}", state.height);
            findings.add("node_state", &*named, What::Altered, detail);
        }
    }
    if !is_there {
        findings.add(
            "node_state",
            "id 1",
            What::Missing,
            format!("the chain ends at block {}", state.height),
        );
    }
}

/// What a node keeps beside the columns of `node_state` (`node`, module `chain`): network, time, root of the directory's
/// entries, where each organisation's next batch goes, whether the last block's roots must still reach a header.
fn carry(state: &ChainState, roots_pending: bool) -> Vec<u8> {
    let mut to = Writer::default();
    state.network.write(&mut to);
    state.time_ms.write(&mut to);
    state.entries_root.write(&mut to);
    u32::try_from(state.tips.len()).unwrap_or(u32::MAX).write(&mut to);
    for (organisation, tip) in &state.tips {
        organisation.write(&mut to);
        tip.write(&mut to);
    }
    roots_pending.write(&mut to);
    to.0
}

fn change_row(row: &AuditChange) -> String {
    let AuditChange { height, batch, item, record_key, version } = row;
    format!("record {}, version {version} (height {height}, batch {batch}, item {item})", hex(record_key))
}

fn entry_row(kind: i16, key: &[u8]) -> String {
    let of = match kind {
        1 => "organisation",
        2 => "product",
        3 => "recall or withdrawal",
        4 => "rules",
        5 => "validators",
        6 => "governed change",
        _ => "unknown",
    };
    format!("kind {kind} ({of}), key {}", if key.is_empty() { "none".to_owned() } else { hex(key) })
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
