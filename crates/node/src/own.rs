//! What becomes final of this organisation's own batches: events, pending changes, refusals, alerts.

use std::collections::BTreeMap;

use epcis::{Document, Format, Limits};
use gs1::{EpcKey, Identifier};
use ledger::{Canonical as _, Directory, Height, Outcome, PackIdentity, SignedBatch, StatusUpdate};
use lifecycle::{Refusal, Transition};
use store::PgConnection;
use store::directory_request::Decided;
use store::outbox::OutboxRow;
use store::update_refusal::UpdateRefusal;

use crate::alerts;
use crate::error::Error;
use crate::restored;
use crate::time::at_ms;

/// Marks a decided batch of this organisation final, frees its pending changes, and deals with what was refused.
///
/// The chain wins: rows of a batch that lost its sequence return to the outbox, rows that the chain has already (the
/// database was restored from a backup) are final, and a batch that is of none of these is recorded as it is.
///
/// # Errors
/// [`Error`].
pub async fn finish(
    conn: &mut PgConnection,
    directory: &Directory,
    padding_secret: &[u8; 32],
    signed: &SignedBatch,
    outcomes: &[Outcome],
    height: Height,
    now_ms: u64,
) -> Result<(), Error> {
    let header = &signed.batch.header;
    let hash = header.hash();
    decide_requests(conn, signed, outcomes, height).await?;
    let known = match store::batch::find(conn, header.sequence).await? {
        Some(own) if own.hash == hash.0 => true,
        Some(_) => {
            tracing::error!(
                batch.sequence = header.sequence,
                "a batch lost its sequence on the chain; its events wait again"
            );
            store::outbox::return_batch(conn, header.sequence).await?;
            store::batch::delete(conn, header.sequence).await?;
            store::batch_leaves::delete(conn, header.sequence).await?;
            false
        }
        None => false,
    };
    if !known && !restored::adopt(conn, signed, padding_secret).await? {
        return record_foreign(conn, signed, height, now_ms).await;
    }
    let any_refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_)));
    let rows = if any_refused { store::outbox::of_batch(conn, header.sequence).await? } else { Vec::new() };
    store::batch::set_final(conn, header.sequence, height.0).await?;
    store::outbox::delete_batch(conn, header.sequence).await?;
    free_pending(conn, &signed.batch.updates).await?;
    let refused = refusals(signed, outcomes, &rows);
    if !refused.is_empty() {
        deal_with_refusals(conn, directory, &refused, header.author, height, now_ms).await?;
    }
    Ok(())
}

/// Records what became of the changes of the directory in the batch, for whoever asked for them.
async fn decide_requests(
    conn: &mut PgConnection,
    signed: &SignedBatch,
    outcomes: &[Outcome],
    height: Height,
) -> Result<(), Error> {
    let decided: Vec<Decided> = signed
        .batch
        .changes
        .iter()
        .zip(outcomes)
        .map(|(change, outcome)| Decided {
            change: change.to_bytes(),
            refusal: match outcome {
                Outcome::Accepted => None,
                Outcome::Refused(refusal) => Some(refusal.code()),
            },
        })
        .collect();
    if !decided.is_empty() {
        store::directory_request::decide(conn, &decided, height.0).await?;
    }
    Ok(())
}

async fn record_foreign(
    conn: &mut PgConnection,
    signed: &SignedBatch,
    height: Height,
    now_ms: u64,
) -> Result<(), Error> {
    let header = &signed.batch.header;
    store::batch::insert(conn, header.sequence, &header.hash().0, &[], at_ms(now_ms)).await?;
    store::batch::set_final(conn, header.sequence, height.0).await?;
    Ok(())
}

async fn free_pending(conn: &mut PgConnection, updates: &[StatusUpdate]) -> Result<(), Error> {
    let keys: Vec<[u8; 32]> = updates
        .iter()
        .filter(|update| update.transition != Transition::Commission)
        .map(|update| update.record_key.0)
        .collect();
    if !keys.is_empty() {
        store::pending_change::delete(conn, &keys).await?;
    }
    Ok(())
}

/// A refused update and the event that asked for it.
struct Refused<'a> {
    update: &'a StatusUpdate,
    refusal: Refusal,
    event: (u64, time::OffsetDateTime),
}

fn refusals<'a>(signed: &'a SignedBatch, outcomes: &[Outcome], rows: &[OutboxRow]) -> Vec<Refused<'a>> {
    let mut events = rows.iter().flat_map(|row| (0..row.update_count).map(|_| row.event));
    let results = outcomes.iter().skip(signed.batch.header.changes as usize);
    let mut refused = Vec::new();
    for (update, outcome) in signed.batch.updates.iter().zip(results) {
        let event = events.next().flatten();
        if let (Outcome::Refused(refusal), Some(event)) = (outcome, event) {
            refused.push(Refused { update, refusal: *refusal, event });
        }
    }
    refused
}

async fn deal_with_refusals(
    conn: &mut PgConnection,
    directory: &Directory,
    refused: &[Refused<'_>],
    by: ledger::OrganisationId,
    height: Height,
    now_ms: u64,
) -> Result<(), Error> {
    let rows: Vec<UpdateRefusal> = refused
        .iter()
        .map(|one| UpdateRefusal {
            event_seq: one.event.0,
            record_key: one.update.record_key.0,
            refusal: one.refusal.code(),
            height: height.0,
        })
        .collect();
    store::update_refusal::insert(conn, &rows).await?;
    let mut keys: Vec<_> = refused.iter().map(|one| one.event).collect();
    keys.dedup();
    let events = store::event::get(conn, &keys).await?;
    let bodies: BTreeMap<u64, &store::event::StoredEvent> =
        events.iter().map(|event| (event.seq, event)).collect();
    for one in refused {
        let Some(event) = bodies.get(&one.event.0) else { continue };
        let packs = packs_of(&event.body, directory);
        let pack = packs.into_iter().find(|(pack, issuer)| pack.record_key(*issuer) == one.update.record_key);
        if let Some((pack, issuer)) = pack {
            let told = (event.body.as_str(), by);
            alerts::raise_refused(conn, &pack, issuer, one.refusal, told, now_ms).await?;
        }
    }
    Ok(())
}

/// Packs that an event of this organisation names, with the owners of their products.
fn packs_of(body: &str, directory: &Directory) -> Vec<(PackIdentity, ledger::OrganisationId)> {
    let Ok(document) = Document::parse(body.as_bytes(), Format::Json, &Limits::default()) else {
        return Vec::new();
    };
    let keys =
        document.events.iter().flat_map(|event| event.epcs().filter_map(|(_, uri)| EpcKey::parse(uri).ok()));
    keys.filter_map(|key| match key.into_id() {
        Identifier::Sgtin(sgtin) => {
            let issuer = directory.product(&sgtin.gtin)?.owner;
            Some((PackIdentity { gtin: sgtin.gtin, serial: sgtin.serial }, issuer))
        }
        _ => None,
    })
    .collect()
}
