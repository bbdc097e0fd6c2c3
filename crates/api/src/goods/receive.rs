//! Goods arrive.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use epcis::{Consignment, Event};
use gs1::{EpcKey, Gln};
use ledger::OrganisationId;
use serde::{Deserialize, Serialize};
use store::custody::{Custody, CustodyState};
use store::expected_receipt::{ExpectedReceipt, ReceiptState};
use utoipa::ToSchema;
use uuid::Uuid;

use super::follow::{Anchored, respond};
use super::{conflict, object_key, party, prepare};
use crate::authenticate::today;
use crate::changes::{event_id, occasion, place};
use crate::idempotency::{Answer, WriteRequest, once_answer};
use crate::intake::{self, Knowledge, Prepared};
use crate::limits::HIERARCHY_OBJECTS_MAX;
use crate::openapi::texts::{ArrivalWord, GlnText, ObjectText};
use crate::problem::Problem;
use crate::shared::Shared;

/// Goods that arrive.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    /// What arrived, top level: the label of the logistic unit as scanned (`]C100...`), or its SSCC as 18 digits, URN
    /// or GS1 Digital Link; a single pack or case by its SGTIN.
    #[schema(value_type = ObjectText)]
    pub epc: String,
}

/// Goods that arrived.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Canonical key of what arrived.
    pub epc: String,
    /// `received`; or `awaiting_data`: nobody has announced it yet, so what is in it is not known. It enters the
    /// stock when its notice arrives.
    #[schema(value_type = ArrivalWord)]
    pub state: String,
    /// Where it arrived.
    #[schema(value_type = GlnText)]
    pub site: String,
    /// How many objects entered the stock, the unit itself and everything in it.
    pub objects: usize,
    /// Identifier of the receiving event.
    pub event_id: String,
    /// Whether every node has agreed: what was done is anchored. `false`: it is safe here and on its way; ask for the receipt of
    /// the event, or repeat the request with the same Idempotency-Key.
    pub r#final: bool,
    /// Height of the block that anchors it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
}

impl Anchored for Delivery {
    fn event_ids(&self) -> Vec<&str> {
        vec![&self.event_id]
    }

    fn set_final(&mut self, block: u64) {
        (self.r#final, self.block) = (true, Some(block));
    }
}

/// What a receiving needs in its transaction.
struct Receiving {
    epc: String,
    site: Gln,
    knowledge: Knowledge,
    event: Prepared,
}

/// Receives one object with everything that is known to be in it, and answers when that is final, or with `final: false`
/// when that takes too long.
///
/// # Errors
/// Faults of `epc`; `state-conflict` when it was received before, or is not ours to receive; what the store fails
/// with.
pub async fn deliver(
    shared: &web::Data<Shared>,
    (client, request): (Uuid, WriteRequest),
    site: Gln,
    delivery: &NewDelivery,
) -> Result<HttpResponse, Problem> {
    let key = object_key(&delivery.epc, "/epc", today(shared))?;
    let knowledge = Knowledge::of(shared, shared.view()?);
    let event = receiving(shared, &key, &site, &knowledge).await?;
    let event = prepare(event, &knowledge, shared)?;
    let now_ms = knowledge.now_ms;
    let receiving = Arc::new(Receiving { epc: key.path(), site, knowledge, event });
    let answer = once_answer(&shared.pool, "receive", (client, request), now_ms, move |conn| {
        let receiving = Arc::clone(&receiving);
        Box::pin(async move { receive(conn, &receiving).await })
    })
    .await?;
    shared.wake_node();
    respond::<Delivery>(shared, answer).await
}

async fn receiving(
    shared: &Shared,
    key: &EpcKey,
    site: &Gln,
    knowledge: &Knowledge,
) -> Result<Event, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let expected = store::expected_receipt::lock(&mut conn, &[key.path().as_str()]).await?.pop();
    let consignor = expected.and_then(|receipt| receipt.consignor);
    let consignor = consignor.and_then(|id| knowledge.view.directory.organisation(OrganisationId(id)));
    let consignment = Consignment {
        source_owner: consignor.and_then(party),
        destination_owner: party(knowledge.author()?),
        destination_location: Some(place(site)),
        ..Consignment::default()
    };
    let occasion = occasion(&event_id(shared.new_id()), site, knowledge.now_ms)?;
    Ok(Event::receiving(occasion, vec![key.digital_link()], consignment))
}

async fn receive(conn: &mut store::PgConnection, receiving: &Receiving) -> Result<Answer, Problem> {
    let epc = receiving.epc.as_str();
    let ancestors = store::custody::ancestors(conn, epc).await?;
    let along: Vec<&str> = [epc].into_iter().chain(ancestors.iter().map(String::as_str)).collect();
    let expected = store::expected_receipt::lock(conn, &along).await?;
    let here = store::custody::lock(conn, &[epc]).await?.pop();
    bound_for(receiving, &expected, here.as_ref())?;
    let expected = expected.iter().find(|receipt| receipt.epc == epc);
    refuse(expected, here.as_ref().map(|custody| custody.state))?;
    let stored = intake::store(conn, &receiving.knowledge, std::slice::from_ref(&receiving.event)).await?;
    let awaiting = stored.iter().any(|one| !one.awaiting.is_empty());
    let tree = store::custody::tree(conn, &[epc], HIERARCHY_OBJECTS_MAX).await?;
    let objects = tree.iter().filter(|node| node.custody.state == CustodyState::InStock).count();
    let delivery = Delivery {
        epc: receiving.epc.clone(),
        state: if awaiting { "awaiting_data" } else { "received" }.to_owned(),
        site: receiving.site.as_str().to_owned(),
        objects,
        event_id: receiving.event.event_id().to_owned(),
        r#final: false,
        block: None,
    };
    let status = if awaiting { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    Answer::json(status, &delivery)
}

/// What was sent to one of our sites, by itself or in something else, is received there, and what is in stock at one is
/// there: to the key of another it is unknown. What left the key's own site for another of ours may come back. (Nobody
/// has a key of a place that the directory does not list.)
fn bound_for(
    receiving: &Receiving,
    expected: &[ExpectedReceipt],
    here: Option<&Custody>,
) -> Result<(), Problem> {
    let (own, site) = (receiving.knowledge.author()?, receiving.site.as_str());
    if here.is_some_and(|custody| custody.state == CustodyState::Shipped && custody.site_gln == site) {
        return Ok(());
    }
    let announced = expected.iter().filter(|receipt| receipt.state == ReceiptState::Expected);
    let stocked = here.filter(|custody| {
        matches!(
            custody.state,
            CustodyState::InStock | CustodyState::Quarantined | CustodyState::AwaitingData
        )
    });
    let mut places =
        announced.map(|receipt| &receipt.site_gln).chain(stocked.map(|custody| &custody.site_gln));
    let elsewhere =
        |place: &String| place != site && own.glns.iter().any(|gln| gln.as_str() == place.as_str());
    match places.any(elsewhere) {
        true => Err(conflict("unknown_object", "nothing of this name is expected here", "/epc".to_owned())),
        false => Ok(()),
    }
}

/// What is in stock already, or waits for its notice already, was received before; what was dispensed or is gone
/// cannot come.
fn refuse(expected: Option<&ExpectedReceipt>, here: Option<CustodyState>) -> Result<(), Problem> {
    let announced = expected.is_some_and(|receipt| receipt.state == ReceiptState::Expected);
    let (code, message) = match here {
        Some(CustodyState::Dispensed | CustodyState::Gone) => {
            ("out_of_reach", "this was dispensed, destroyed or reported stolen here")
        }
        _ if announced => return Ok(()),
        None | Some(CustodyState::Expected | CustodyState::Shipped) => return Ok(()),
        Some(CustodyState::InStock | CustodyState::Quarantined) => {
            ("already_received", "this is in stock already")
        }
        Some(CustodyState::AwaitingData) => {
            ("already_received", "this arrived already, and waits for its shipment notice")
        }
    };
    Err(conflict(code, message, "/epc".to_owned()))
}
