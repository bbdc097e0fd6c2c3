//! From a final shipping event to the notice that its consignee gets.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use epcis::{Document, Format, Limits};
use exchange::{DisclosedEvent, Message, ShipmentNotice};
use gs1::{EpcKey, Gln};
use ledger::commitment::{Disclosure, Salt};
use ledger::prove::DecidedBlock;
use ledger::{Canonical, Hash, OrganisationId, SignedBatch};
use store::PgConnection;
use store::event::StoredEvent;
use store::known_event::KnownEvent;
use store::message_out::NewMessage;
use store::shipment::{Shipment, UNANNOUNCED};
use uuid::Uuid;

use super::{KIND_NOTICE, Notices, page_id};
use crate::error::Error;
use crate::limits::{NOTICE_EVENTS_MAX, NOTICE_OBJECTS_MAX, SHIPMENTS_MAX};
use crate::time::at_ms;

impl Notices {
    /// Writes the notices of shipments whose events became final. Returns how many.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn write_due(&self) -> Result<usize, Error> {
        let now = (self.clock)();
        let own = self.organisation;
        let mut written = 0;
        for _ in 0..SHIPMENTS_MAX {
            let one = store::tx(&self.pool, "write_notice", move |conn| {
                Box::pin(async move {
                    let Some(shipment) = store::shipment::claim(conn).await? else { return Ok(false) };
                    write(conn, own, &shipment, now).await?;
                    Ok::<_, Error>(true)
                })
            })
            .await?;
            if !one {
                break;
            }
            written += 1;
        }
        Ok(written)
    }
}

async fn write(
    conn: &mut PgConnection,
    own: OrganisationId,
    shipment: &Shipment,
    now: u64,
) -> Result<(), Error> {
    let id = Uuid::now_v7();
    if shipment.consignee == own.0 {
        return Ok(store::shipment::set_notice(conn, shipment.event_seq, id).await?);
    }
    let pages = match pages(conn, own, shipment, id).await {
        Err(Error::Oversize(reason)) => {
            // The other shipments must not wait behind this one. Its goods will be held where they are scanned.
            tracing::error!(
                shipment.event_seq,
                reason,
                "a shipment cannot be announced: capture it in parts"
            );
            return Ok(store::shipment::set_notice(conn, shipment.event_seq, UNANNOUNCED).await?);
        }
        pages => pages?,
    };
    store::shipment::set_notice(conn, shipment.event_seq, id).await?;
    let messages: Result<Vec<NewMessage>, Error> = pages
        .into_iter()
        .map(|page| {
            let id = page_id(page.id, page.page);
            let payload =
                Message::ShipmentNotice(page).encode().map_err(|cause| Error::State(cause.to_string()))?;
            let (recipient, created_at) = (shipment.consignee, at_ms(now));
            Ok(NewMessage { id, kind: KIND_NOTICE, recipient, payload: payload.to_vec(), created_at })
        })
        .collect();
    store::message_out::insert(conn, &messages?).await?;
    Ok(())
}

async fn pages(
    conn: &mut PgConnection,
    own: OrganisationId,
    shipment: &Shipment,
    id: Uuid,
) -> Result<Vec<ShipmentNotice>, Error> {
    let events = gather(conn, own, shipment).await?;
    let consignee_gln =
        Gln::new(&shipment.site_gln).map_err(|_| Error::State("shipment.site_gln is no GLN".to_owned()))?;
    let whole = exchange::Shipment { id: *id.as_bytes(), consignor: own, consignee_gln, events };
    whole.into_pages().map_err(|cause| Error::Oversize(cause.to_string()))
}

/// The events that the goods' history consists of, causes first: those of others as far as they were disclosed
/// here, then this organisation's own.
async fn gather(
    conn: &mut PgConnection,
    own: OrganisationId,
    shipment: &Shipment,
) -> Result<Vec<DisclosedEvent>, Error> {
    let top: Vec<&str> = shipment.items.iter().map(String::as_str).collect();
    let tree = store::custody::tree(conn, &top, NOTICE_OBJECTS_MAX).await.map_err(|error| match error {
        store::Error::OverLimit { .. } => Error::Oversize(error.to_string()),
        other => other.into(),
    })?;
    let mut goods: BTreeSet<String> = tree.into_iter().map(|node| node.custody.epc).collect();
    goods.extend(shipment.items.iter().cloned());
    let keys: Vec<&str> = goods.iter().map(String::as_str).collect();
    let mut events = Vec::new();
    // One more than the bound tells that there are more.
    let known = store::known_event::of_epcs(conn, &keys, NOTICE_EVENTS_MAX + 1).await?;
    let places = store::event_epc::events_of_any(conn, &keys, NOTICE_EVENTS_MAX + 1).await?;
    let places: Vec<_> = places.into_iter().filter(|place| place.0 <= shipment.event_seq).collect();
    if known.len() + places.len() > NOTICE_EVENTS_MAX as usize {
        return Err(Error::Oversize(format!("over {NOTICE_EVENTS_MAX} events")));
    }
    for known in known {
        events.push(passed_on(&known, &goods)?);
    }
    let mut receipts = Receipts::default();
    for stored in store::event::get(conn, &places).await? {
        if let Some(receipt) = receipts.of(conn, own, &stored).await? {
            events.push(disclosed(own, &stored, receipt, &goods)?);
        }
    }
    Ok(events)
}

fn shows(goods: &BTreeSet<String>, identifier: &str) -> bool {
    EpcKey::parse(identifier).is_ok_and(|key| goods.contains(&key.path()))
}

fn passed_on(known: &KnownEvent, goods: &BTreeSet<String>) -> Result<DisclosedEvent, Error> {
    let disclosure =
        Disclosure::from_bytes(&known.disclosure).map_err(Error::undecodable("known_event.disclosure"))?;
    let narrowed = disclosure
        .narrow(|field| {
            let identifier = field.name.starts_with("epcList/") || field.name.starts_with("childEPCs/");
            !identifier || shows(goods, &field.value)
        })
        .map_err(|cause| Error::State(format!("known_event.disclosure: {cause}")))?;
    Ok(DisclosedEvent {
        author: OrganisationId(known.author),
        event_id: known.event_id.clone(),
        disclosure: narrowed.to_bytes().into(),
        receipt: known.receipt.clone().into(),
    })
}

fn disclosed(
    own: OrganisationId,
    stored: &StoredEvent,
    receipt: Vec<u8>,
    goods: &BTreeSet<String>,
) -> Result<DisclosedEvent, Error> {
    let document = Document::parse(stored.body.as_bytes(), Format::Json, &Limits::default());
    let event = document.ok().and_then(|document| document.events.into_iter().next());
    let event = event.ok_or_else(|| Error::State(format!("event {} does not parse", stored.seq)))?;
    let disclosure =
        capture::disclosed::for_party(&event, &Salt(stored.salt), |identifier| shows(goods, identifier));
    Ok(DisclosedEvent {
        author: own,
        event_id: stored.event_id.clone(),
        disclosure: disclosure.to_bytes().into(),
        receipt: Bytes::from(receipt),
    })
}

/// Builds receipts of this organisation's events, reading each block and batch once.
#[derive(Default)]
struct Receipts {
    blocks: BTreeMap<u64, DecidedBlock>,
    leaves: BTreeMap<u64, Vec<Hash>>,
}

impl Receipts {
    async fn of(
        &mut self,
        conn: &mut PgConnection,
        own: OrganisationId,
        stored: &StoredEvent,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(anchor) = &stored.anchor else { return Ok(None) };
        let Some(height) = anchor.height else { return Ok(None) };
        let block: &DecidedBlock = match self.blocks.entry(height) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(decided(conn, height).await?),
        };
        let leaves: &Vec<Hash> = match self.leaves.entry(anchor.batch_sequence) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let leaves = store::batch_leaves::find(conn, anchor.batch_sequence).await?;
                place.insert(leaves.unwrap_or_default().into_iter().map(Hash).collect())
            }
        };
        let mine = |signed: &SignedBatch| {
            let header = &signed.batch.header;
            header.author == own && header.sequence == anchor.batch_sequence
        };
        let position = block.block.batches.iter().position(mine);
        let receipt = position.and_then(|position| {
            let first = block.block.batches[position].batch.header.first_event;
            let leaf = u32::try_from(anchor.leaf.checked_sub(first)?).ok()?;
            block.event_receipt(position as u32, leaves, leaf)
        });
        match receipt {
            Some(receipt) => Ok(Some(receipt.to_bytes())),
            None => Err(Error::State(format!("no receipt can be built for event {}", stored.seq))),
        }
    }
}

async fn decided(conn: &mut PgConnection, height: u64) -> Result<DecidedBlock, Error> {
    let missing = || Error::State(format!("block {height} is not stored"));
    let stored = store::block::find(conn, height).await?.ok_or_else(missing)?;
    let batches = store::block_batch::of_block(conn, height).await?;
    let batches = batches.iter().map(|row| row.signed.as_slice());
    DecidedBlock::decode(&stored.header, batches, &stored.certificate, &stored.results)
        .map_err(Error::undecodable("block"))
}
