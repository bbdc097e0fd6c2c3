//! From a notice to goods that are expected: every event checked first, and none taken if one fails.

use std::collections::BTreeMap;

use bytes::Bytes;
use capture::disclosed::{Facts, facts};
use exchange::{Message, Shipment, ShipmentNotice};
use gs1::EpcKey;
use ledger::commitment::Disclosure;
use ledger::receipt::EventReceipt;
use ledger::trust::Voters;
use ledger::{Canonical, OrganisationId};
use store::PgConnection;
use store::custody::{Custody, CustodyState, Move};
use store::event_epc::EpcRole;
use store::expected_receipt::{ExpectedReceipt, ReceiptState};
use store::known_event::KnownEvent;
use store::message_in::InMessage;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Notices, page_id};
use crate::alerts;
use crate::error::Error;
use crate::time::at_ms;

impl Notices {
    /// Works on the oldest stored message. Says whether there was one.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn read_one(&self) -> Result<bool, Error> {
        let (now, voters) = ((self.clock)(), self.chain.voters());
        store::tx(&self.pool, "work_on_message", move |conn| {
            let voters = voters.clone();
            Box::pin(async move {
                let Some(message) = store::message_in::claim(conn).await? else { return Ok(false) };
                let refusal = work(conn, &voters, &message, now).await?;
                if let Some(reason) = &refusal {
                    tracing::error!(organisation = message.sender, message.id = %message.id, reason, "a partner's message was refused");
                }
                store::message_in::finish(conn, message.sender, message.id, at_ms(now), refusal.as_deref()).await?;
                Ok::<_, Error>(true)
            })
        })
        .await
    }
}

/// Why the message is refused, if it is.
async fn work(
    conn: &mut PgConnection,
    voters: &Voters,
    message: &InMessage,
    now: u64,
) -> Result<Option<String>, Error> {
    let from = OrganisationId(message.sender);
    match Message::decode(&Bytes::from(message.payload.clone())) {
        Ok(Message::ShipmentNotice(notice)) => match whole(conn, message.sender, notice).await? {
            Ok(Some(shipment)) => match check(voters, from, shipment) {
                Ok(checked) => expect(conn, message.sender, checked, at_ms(now)).await.map(|()| None),
                Err(reason) => Ok(Some(reason)),
            },
            Ok(None) => Ok(None),
            Err(reason) => Ok(Some(reason)),
        },
        Ok(Message::Alert(alert)) => alerts::receive(conn, from, &alert).await.map(|()| None),
        Ok(_) => Ok(Some(format!("kind {} is not stored", message.kind))),
        Err(cause) => Ok(Some(cause.to_string())),
    }
}

/// The whole notice, if this is the last of its pages to be worked on.
async fn whole(
    conn: &mut PgConnection,
    sender: u32,
    page: ShipmentNotice,
) -> Result<Result<Option<Shipment>, String>, Error> {
    let ids: Vec<Uuid> = (1..=page.pages).map(|number| page_id(page.id, number)).collect();
    // Once for the notice, by whichever page is worked on last, however many are stored already: what was expected and
    // has come meanwhile must not be expected again.
    if store::message_in::worked_on(conn, sender, &ids).await? + 1 < ids.len() {
        return Ok(Ok(None));
    }
    let mut pages = Vec::with_capacity(ids.len());
    for stored in store::message_in::get(conn, sender, &ids).await? {
        match Message::decode(&Bytes::from(stored.payload)) {
            Ok(Message::ShipmentNotice(other)) if other.id == page.id => pages.push(other),
            _ => return Ok(Err("a page of the notice is something else".to_owned())),
        }
    }
    if pages.len() < ids.len() {
        return Ok(Ok(None));
    }
    pages.sort_by_key(|page| page.page);
    Ok(Shipment::from_pages(&pages).map(Some).map_err(|cause| cause.to_string()))
}

/// An event whose proof holds.
struct Checked {
    event: KnownEvent,
    facts: Facts,
    epcs: Vec<(String, EpcRole)>,
}

struct CheckedShipment {
    id: Uuid,
    site_gln: String,
    events: Vec<Checked>,
}

fn check(voters: &Voters, from: OrganisationId, shipment: Shipment) -> Result<CheckedShipment, String> {
    if shipment.consignor != from {
        return Err("the notice names another consignor than its sender".to_owned());
    }
    let trust = voters.trust();
    let mut events = Vec::with_capacity(shipment.events.len());
    for event in shipment.events {
        let id = event.event_id.clone();
        let receipt =
            EventReceipt::from_bytes(&event.receipt).map_err(|cause| format!("receipt of {id}: {cause}"))?;
        let shown =
            Disclosure::from_bytes(&event.disclosure).map_err(|cause| format!("event {id}: {cause}"))?;
        receipt.verify(trust).map_err(|cause| format!("receipt of {id}: {cause}"))?;
        shown.verify(&receipt.commitment).map_err(|cause| format!("event {id}: {cause}"))?;
        let facts = facts(&shown);
        if receipt.anchor.batch.author != event.author || facts.event_id != id {
            return Err(format!("event {id} is not what its receipt is for"));
        }
        let body = body_of(&shown);
        events.push(Checked {
            epcs: epcs_of(&facts)?,
            facts,
            event: KnownEvent {
                author: event.author.0,
                event_id: id,
                commitment: receipt.commitment.0,
                disclosure: event.disclosure.to_vec(),
                receipt: event.receipt.to_vec(),
                body,
                received_at: OffsetDateTime::UNIX_EPOCH,
            },
        });
    }
    let site_gln = shipment.consignee_gln.as_str().to_owned();
    Ok(CheckedShipment { id: Uuid::from_bytes(shipment.id), site_gln, events })
}

/// What was disclosed, as one JSON object of field names and values.
fn body_of(shown: &Disclosure) -> String {
    let fields: serde_json::Map<String, serde_json::Value> =
        shown.shown.iter().map(|field| (field.name.clone(), field.value.clone().into())).collect();
    serde_json::Value::Object(fields).to_string()
}

fn epcs_of(facts: &Facts) -> Result<Vec<(String, EpcRole)>, String> {
    let key = |uri: &String, role| match EpcKey::parse(uri) {
        Ok(key) => Ok((key.path(), role)),
        Err(cause) => Err(format!("event {}: {cause}", facts.event_id)),
    };
    let parent = facts.parent.iter().map(|uri| key(uri, EpcRole::Parent));
    let children = facts.children.iter().map(|uri| key(uri, EpcRole::Child));
    parent.chain(children).chain(facts.epcs.iter().map(|uri| key(uri, EpcRole::Epc))).collect()
}

/// Writes what the checked events say: the goods are expected, or, where they came before, received now.
async fn expect(
    conn: &mut PgConnection,
    consignor: u32,
    shipment: CheckedShipment,
    at: OffsetDateTime,
) -> Result<(), Error> {
    let Some(shipped) = shipped(&shipment, consignor) else {
        return Ok(());
    };
    let parents = parents(&shipment);
    let contents = contents(&shipped, &parents, &shipment.site_gln, at);
    store::custody::upsert(conn, &contents).await?;
    // What came before its notice may be the whole, or a part of it that was scanned by itself.
    let known: Vec<&str> = contents.iter().map(|custody| custody.epc.as_str()).collect();
    let came: BTreeMap<String, ExpectedReceipt> = store::expected_receipt::lock(conn, &known)
        .await?
        .into_iter()
        .filter(|receipt| receipt.state == ReceiptState::AwaitingData)
        .map(|receipt| (receipt.epc.clone(), receipt))
        .collect();
    let announced = |epc: &str, site_gln: &str, state| ExpectedReceipt {
        epc: epc.to_owned(),
        notice_id: Some(shipment.id),
        consignor: Some(consignor),
        site_gln: site_gln.to_owned(),
        state,
        updated_at: at,
    };
    let on_their_way = shipped.iter().filter(|epc| !came.contains_key(*epc));
    let receipts: Vec<ExpectedReceipt> = on_their_way
        .map(|epc| announced(epc, &shipment.site_gln, ReceiptState::Expected))
        .chain(came.values().map(|one| announced(&one.epc, &one.site_gln, ReceiptState::Received)))
        .collect();
    store::expected_receipt::upsert(conn, &receipts).await?;
    arrive(conn, &shipped, &came, at).await?;
    let rows: Vec<(KnownEvent, Vec<(String, EpcRole)>)> = shipment
        .events
        .into_iter()
        .map(|checked| (KnownEvent { received_at: at, ..checked.event }, checked.epcs))
        .collect();
    store::known_event::insert(conn, &rows).await?;
    Ok(())
}

/// Takes into stock what came before its notice, with all that is in it: where it came, which need not be where it was
/// sent. A part that came by itself is in its unit no longer.
async fn arrive(
    conn: &mut PgConnection,
    shipped: &[String],
    came: &BTreeMap<String, ExpectedReceipt>,
    at: OffsetDateTime,
) -> Result<(), Error> {
    let mut by_site: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for receipt in came.values() {
        by_site.entry(receipt.site_gln.as_str()).or_default().push(receipt.epc.as_str());
    }
    let apart: Vec<&str> = came.keys().filter(|epc| !shipped.contains(epc)).map(String::as_str).collect();
    if !apart.is_empty() {
        store::custody::set_parent(conn, &apart, None, 0, at).await?;
    }
    for (site_gln, epcs) in by_site {
        let tree = store::custody::tree(conn, &epcs, u32::MAX).await?;
        let epcs: Vec<&str> = tree.iter().map(|node| node.custody.epc.as_str()).collect();
        let arrived = Move { state: CustodyState::InStock, site_gln: Some(site_gln), event_seq: 0, at };
        store::custody::set_state(conn, &epcs, arrived).await?;
    }
    Ok(())
}

/// What the consignor's shipping event names, the last of the notice.
fn shipped(shipment: &CheckedShipment, consignor: u32) -> Option<Vec<String>> {
    let event = shipment.events.iter().rev().find(|checked| {
        checked.event.author == consignor
            && checked.facts.biz_step.as_deref().is_some_and(|step| step.ends_with("shipping"))
    })?;
    Some(event.epcs.iter().filter(|(_, role)| *role == EpcRole::Epc).map(|(epc, _)| epc.clone()).collect())
}

/// What is packed in what after all the events: packing adds, unpacking takes away.
fn parents(shipment: &CheckedShipment) -> BTreeMap<String, String> {
    let mut parents = BTreeMap::new();
    for checked in &shipment.events {
        let parent = checked.epcs.iter().find(|(_, role)| *role == EpcRole::Parent).map(|(epc, _)| epc);
        let Some(parent) = parent else { continue };
        let children = || checked.epcs.iter().filter(|(_, role)| *role == EpcRole::Child).map(|(epc, _)| epc);
        match checked.facts.action.as_deref() {
            Some("ADD") => parents.extend(children().map(|child| (child.clone(), parent.clone()))),
            Some("DELETE") if children().next().is_none() => parents.retain(|_, other| other != parent),
            Some("DELETE") => children().for_each(|child| {
                parents.remove(child);
            }),
            _ => {}
        }
    }
    parents
}

/// The shipped goods and all that is packed in them.
fn contents(
    shipped: &[String],
    parents: &BTreeMap<String, String>,
    site_gln: &str,
    at: OffsetDateTime,
) -> Vec<Custody> {
    let row = |epc: &str, parent: Option<&String>| Custody {
        epc: epc.to_owned(),
        parent: parent.cloned(),
        site_gln: site_gln.to_owned(),
        state: CustodyState::Expected,
        event_seq: 0,
        updated_at: at,
    };
    let mut rows: BTreeMap<String, Custody> =
        shipped.iter().map(|epc| (epc.clone(), row(epc, None))).collect();
    loop {
        let added: Vec<Custody> = parents
            .iter()
            .filter(|(child, parent)| rows.contains_key(*parent) && !rows.contains_key(*child))
            .map(|(child, parent)| row(child, Some(parent)))
            .collect();
        if added.is_empty() {
            return rows.into_values().collect();
        }
        rows.extend(added.into_iter().map(|custody| (custody.epc.clone(), custody)));
    }
}
