//! Updates that the ledger refused, as this organisation remembers them.

use std::collections::BTreeMap;

use store::audit::{AuditRefusal, Snapshot};

use super::finding::{Findings, What};
use super::own::Own;
use super::state::hex;

/// Compares `update_refusal`, both ways. Returns how many rows there are.
///
/// # Errors
/// What the store fails with.
pub async fn refusals(
    db: &mut Snapshot,
    own: &Own,
    events: &BTreeMap<u64, Option<i64>>,
    findings: &mut Findings<'_>,
) -> Result<u64, store::Error> {
    let mut expected: BTreeMap<(i64, Vec<u8>), (i16, i64)> = BTreeMap::new();
    for refused in &own.refused {
        if let Some(seq) = events.get(&refused.leaf).copied().flatten() {
            let key = (seq, refused.record_key.0.to_vec());
            let height = i64::try_from(refused.height).unwrap_or(i64::MAX);
            expected.entry(key).or_insert((i16::from(refused.code), height));
        }
    }
    let mut rows = 0;
    db.refusals(|row| {
        rows += 1;
        let AuditRefusal { event_seq, record_key, refusal, height } = row;
        let named = named(event_seq, &record_key);
        match expected.remove(&(event_seq, record_key)) {
            None => findings.add("update_refusal", named, What::Added, "no block refused it"),
            Some((code, at)) if (code, at) != (refusal, height) => {
                let detail = format!("block {at} refused it with code {code}");
                findings.add("update_refusal", named, What::Altered, detail);
            }
            Some(_) => {}
        }
    })
    .await?;
    for ((seq, key), (code, at)) in expected {
        let detail = format!("block {at} refused it with code {code}");
        findings.add("update_refusal", named(seq, &key), What::Missing, detail);
    }
    Ok(rows)
}

fn named(seq: i64, key: &[u8]) -> String {
    format!("event {seq}, record {}", hex(key))
}
