//! Proofs out of what the node stored: receipts of events, evidence about packs.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gs1::{Gtin, Lot, SerialNumber};
use ledger::directory::Stop;
use ledger::evidence::Evidence;
use ledger::limits::EVIDENCE_RECEIPTS_MAX;
use ledger::prove::DecidedBlock;
use ledger::receipt::{EventReceipt, ItemReceipt, SignedHeader};
use ledger::status::Location;
use ledger::{
    BlockHeader, Canonical as _, Certificate, Directory, DirectoryChange, Hash, Height, OrganisationId,
    PackIdentity, StatusRecord,
};
use store::PgConnection;
use store::event::StoredEvent;

use crate::problem::{Problem, ProblemType};

/// Reads blocks, each once.
#[derive(Default)]
struct Blocks(BTreeMap<u64, DecidedBlock>);

impl Blocks {
    async fn get(&mut self, conn: &mut PgConnection, height: Height) -> Result<&DecidedBlock, Problem> {
        match self.0.entry(height.0) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                Ok(place.insert(decided(conn, height).await?.ok_or_else(|| missing(height))?))
            }
        }
    }
}

fn missing(height: Height) -> Problem {
    Problem::internal(format!("block {height} is not stored whole"))
}

/// A decided block; `None` above the head.
///
/// # Errors
/// What the store fails with; `internal` for stored bytes that are no block.
pub async fn decided(conn: &mut PgConnection, height: Height) -> Result<Option<DecidedBlock>, Problem> {
    let Some(stored) = store::block::find(conn, height.0).await? else { return Ok(None) };
    let batches = store::block_batch::of_block(conn, height.0).await?;
    let batches = batches.iter().map(|batch| batch.signed.as_slice());
    let block = DecidedBlock::decode(&stored.header, batches, &stored.certificate, &stored.results);
    block.map(Some).map_err(Problem::internal)
}

/// The head of the chain: header and certificate. `None` before the first block.
///
/// # Errors
/// As [`decided`].
pub async fn head(conn: &mut PgConnection) -> Result<Option<SignedHeader>, Problem> {
    store::block::head(conn).await?.map(|stored| signed_header(&stored)).transpose()
}

fn signed_header(stored: &store::block::StoredBlock) -> Result<SignedHeader, Problem> {
    Ok(SignedHeader {
        header: BlockHeader::from_bytes(&stored.header).map_err(Problem::internal)?,
        certificate: Certificate::from_bytes(&stored.certificate).map_err(Problem::internal)?,
    })
}

/// The receipt of one of this organisation's events.
///
/// # Errors
/// `not-final` while it is in no decided block; what the store fails with.
pub async fn event_receipt(
    conn: &mut PgConnection,
    own: OrganisationId,
    event: &StoredEvent,
) -> Result<EventReceipt, Problem> {
    let place = event.anchor.and_then(|anchor| Some((anchor, anchor.height?)));
    let Some((anchor, height)) = place else { return Err(not_final()) };
    let broken = || Problem::internal(format!("no receipt can be built for event {}", event.seq));
    let block = decided(conn, Height(height)).await?.ok_or_else(|| missing(Height(height)))?;
    let leaves = store::batch_leaves::find(conn, anchor.batch_sequence).await?.ok_or_else(broken)?;
    let leaves: Vec<Hash> = leaves.into_iter().map(Hash).collect();
    let mut batches = (0_u32..).zip(&block.block.batches);
    let (position, signed) = batches
        .find(|(_, signed)| {
            let header = &signed.batch.header;
            header.author == own && header.sequence == anchor.batch_sequence
        })
        .ok_or_else(broken)?;
    let leaf = anchor.leaf.checked_sub(signed.batch.header.first_event);
    let leaf = leaf.and_then(|leaf| u32::try_from(leaf).ok()).ok_or_else(broken)?;
    block.event_receipt(position, &leaves, leaf).ok_or_else(broken)
}

/// What is asked for is not final yet.
#[must_use]
pub fn not_final() -> Problem {
    Problem::new(ProblemType::NotFinal).retry_after(1)
}

/// The record of a pack, with the changes after its commissioning, oldest first.
#[derive(Debug, Clone)]
pub struct History {
    /// The pack's record.
    pub record: StatusRecord,
    /// Where its changes stand, the commissioning first.
    pub changes: Vec<Location>,
}

/// What became of a pack. `None` when it was never commissioned, or the directory knows no such product.
///
/// # Errors
/// What the store fails with; `internal` for a record that does not decode.
pub async fn history(
    conn: &mut PgConnection,
    directory: &Directory,
    pack: &PackIdentity,
) -> Result<Option<History>, Problem> {
    let Some(product) = directory.product(&pack.gtin) else { return Ok(None) };
    let key = pack.record_key(product.owner).0;
    let Some(row) = store::status_record::find(conn, &[key]).await?.pop() else { return Ok(None) };
    let record = StatusRecord::from_bytes(&row.record).map_err(Problem::internal)?;
    let limit = u32::try_from(EVIDENCE_RECEIPTS_MAX - 1).unwrap_or(u32::MAX);
    let later = store::status_history::of_record(conn, &key, limit).await?;
    let later = later.iter().map(|change| Location {
        height: Height(change.height),
        batch: change.batch,
        item: change.item,
    });
    let changes = std::iter::once(record.commissioned).chain(later).collect();
    Ok(Some(History { record, changes }))
}

/// Evidence about a pack: receipts of its changes and of what stops it, as of the head. `None` when it was never
/// commissioned. `lot` is the one on its label, where it was read; without it the lots that are recalled are tried.
///
/// # Errors
/// `not-final` while the block that confirms its last change is not decided; what the store fails with.
pub async fn evidence(
    conn: &mut PgConnection,
    directory: &Directory,
    (gtin, serial): (Gtin, SerialNumber),
    lot: Option<Lot>,
) -> Result<Option<Evidence>, Problem> {
    let pack = PackIdentity { gtin, serial };
    let Some(History { record, changes: places }) = history(conn, directory, &pack).await? else {
        return Ok(None);
    };
    let head = head(conn).await?.ok_or_else(not_final)?;
    let mut blocks = Blocks::default();
    let mut changes = Vec::with_capacity(places.len());
    for place in places {
        changes.push(item(conn, &mut blocks, place, head.header.height).await?);
    }
    let recalls = || directory.recalls_of(&gtin).filter_map(|stop| stop.key.lot.clone());
    let lot = lot.into_iter().chain(recalls()).find(|lot| capture::attempt::is_lot(&pack, &record, lot));
    let recall = lot.as_ref().and_then(|lot| directory.recall(&gtin, lot));
    let mut stops = Vec::new();
    for stop in directory.withdrawal(&gtin).into_iter().chain(recall) {
        let place = locate(conn, &mut blocks, stop).await?;
        stops.push(item(conn, &mut blocks, place, head.header.height).await?);
    }
    let PackIdentity { gtin, serial } = pack;
    Ok(Some(Evidence { gtin, serial, issuer: record.issuer, lot, changes, stops, head }))
}

/// The receipt of an item, which needs the block above its own.
async fn item(
    conn: &mut PgConnection,
    blocks: &mut Blocks,
    place: Location,
    head: Height,
) -> Result<ItemReceipt, Problem> {
    if place.height >= head {
        return Err(not_final());
    }
    let above = place.height.next();
    let next = blocks.get(conn, above).await?.signed_header();
    let block = blocks.get(conn, place.height).await?;
    let receipt = block.item_receipt(place.batch, place.item, &next);
    receipt.ok_or_else(|| {
        Problem::internal(format!("no receipt can be built for an item of block {}", place.height))
    })
}

/// Where the change stands that stopped a lot or product.
async fn locate(conn: &mut PgConnection, blocks: &mut Blocks, stop: &Stop) -> Result<Location, Problem> {
    let block = blocks.get(conn, stop.height).await?;
    for ((batch, signed), outcomes) in (0_u32..).zip(&block.block.batches).zip(&block.outcomes) {
        for ((item, change), outcome) in (0_u32..).zip(&signed.batch.changes).zip(outcomes) {
            let same = matches!(change, DirectoryChange::Stop { gtin, lot, .. }
                if *gtin == stop.key.gtin && *lot == stop.key.lot);
            if same && *outcome == ledger::Outcome::Accepted {
                return Ok(Location { height: stop.height, batch, item });
            }
        }
    }
    Err(Problem::internal(format!("block {} lacks a stop of the directory", stop.height)))
}
