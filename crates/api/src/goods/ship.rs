//! Goods leave for another place, usually another organisation's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use epcis::{Consignment, Event};
use gs1::{EpcKey, Gln};
use serde::{Deserialize, Serialize};
use store::PgConnection;
use store::custody::{Custody, CustodyState};
use utoipa::ToSchema;
use uuid::Uuid;

use super::follow::{Anchored, respond};
use super::{conflict, object_key, party, prepare};
use crate::authenticate::today;
use crate::changes::{event_id, occasion, place};
use crate::idempotency::{Answer, WriteRequest, once_answer};
use crate::intake::{self, Knowledge};
use crate::limits::SHIPMENT_ITEMS_MAX;
use crate::openapi::texts::{GlnText, ObjectText};
use crate::problem::{Fault, Problem};
use crate::shared::Shared;

/// Goods that leave.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShipment {
    /// What leaves, top level: each with everything that is packed in it. SSCC or SGTIN, as scanned, as URN or as GS1
    /// Digital Link; at most 1,000.
    #[schema(value_type = Vec<ObjectText>, min_items = 1, max_items = 1000)]
    pub items: Vec<String>,
    /// GLN of the place that it goes to.
    #[schema(value_type = GlnText)]
    pub to: String,
    /// What the items are taken out of before they leave. Without it an item is taken out of whatever it is in.
    #[serde(default)]
    #[schema(value_type = Option<ObjectText>)]
    pub unpack_from: Option<String>,
}

/// Goods that left.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SentGoods {
    /// Identifier of the shipping event.
    pub event_id: String,
    /// Identifiers of the unpacking events that came before it.
    pub unpacking_event_ids: Vec<String>,
    /// Canonical keys of what left, top level.
    pub items: Vec<String>,
    /// GLN of the place that it goes to.
    #[schema(value_type = GlnText)]
    pub to: String,
    /// Number of the organisation that receives.
    pub consignee: u32,
    /// Its name.
    pub consignee_name: String,
    /// Whether every node has agreed: what was done is anchored. `false`: it is safe here and on its way; ask for the receipt of
    /// the event, or repeat the request with the same Idempotency-Key.
    pub r#final: bool,
    /// Height of the block that anchors it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
}

impl Anchored for SentGoods {
    fn event_ids(&self) -> Vec<&str> {
        let unpacking = self.unpacking_event_ids.iter().map(String::as_str);
        unpacking.chain([self.event_id.as_str()]).collect()
    }

    fn set_final(&mut self, block: u64) {
        (self.r#final, self.block) = (true, Some(block));
    }
}

/// A shipment whose parts were read.
struct Shipping {
    keys: Vec<EpcKey>,
    /// Where each of them is in the request.
    pointers: Vec<String>,
    site: Gln,
    to: Gln,
    unpack_from: Option<String>,
    knowledge: Knowledge,
    shared: web::Data<Shared>,
    consignment: Consignment,
    consignee: (u32, String),
}

/// Ships goods from `site`; what is packed in something else is unpacked first. What goes to another site of the same
/// organisation is expected there at once.
///
/// # Errors
/// Faults of the fields; `state-conflict` for goods that are not in stock here; what the store fails with.
pub async fn ship(
    shared: &web::Data<Shared>,
    (client, request): (Uuid, WriteRequest),
    site: Gln,
    shipment: &NewShipment,
) -> Result<HttpResponse, Problem> {
    let shipping = Arc::new(read(shared, site, shipment)?);
    let now_ms = shipping.knowledge.now_ms;
    let answer = once_answer(&shared.pool, "ship", (client, request), now_ms, move |conn| {
        let shipping = Arc::clone(&shipping);
        Box::pin(async move { send(conn, &shipping).await })
    })
    .await?;
    shared.wake_node();
    respond::<SentGoods>(shared, answer).await
}

fn read(shared: &web::Data<Shared>, site: Gln, shipment: &NewShipment) -> Result<Shipping, Problem> {
    let today = today(shared);
    if shipment.items.is_empty() || shipment.items.len() > SHIPMENT_ITEMS_MAX {
        let fault = Fault::new("count", format_args!("1 to {SHIPMENT_ITEMS_MAX} items")).at("/items");
        return Err(Problem::invalid(vec![fault]));
    }
    let mut items = BTreeMap::new();
    for (index, item) in shipment.items.iter().enumerate() {
        let pointer = format!("/items/{index}");
        let key = object_key(item, &pointer, today)?;
        items.entry(key.path()).or_insert((key, pointer));
    }
    let (keys, pointers) = items.into_values().unzip();
    let parent = shipment.unpack_from.as_deref().map(|text| object_key(text, "/unpack_from", today));
    let to = Gln::new(&shipment.to).map_err(|error| Problem::invalid(vec![Fault::from(&error).at("/to")]))?;
    if to == site {
        let fault = Fault::new("same-site", "the goods are there already: this is the site that they leave");
        return Err(Problem::invalid(vec![fault.at("/to")]));
    }
    let knowledge = Knowledge::of(shared, shared.view()?);
    let Some(consignee) = knowledge.view.directory.organisation_at(&to) else {
        let fault = Fault::new("unknown-destination", "no organisation in the directory has this place");
        return Err(Problem::invalid(vec![fault.at("/to")]));
    };
    let consignment = Consignment {
        source_owner: party(knowledge.author()?),
        source_location: Some(place(&site)),
        destination_owner: party(consignee),
        destination_location: Some(place(&to)),
        transactions: Vec::new(),
    };
    let consignee = (consignee.id.0, consignee.name.clone());
    let unpack_from = parent.transpose()?.map(|key| key.path());
    let shared = shared.clone();
    Ok(Shipping { keys, pointers, site, to, unpack_from, knowledge, shared, consignment, consignee })
}

async fn send(conn: &mut PgConnection, shipping: &Shipping) -> Result<Answer, Problem> {
    let paths: Vec<String> = shipping.keys.iter().map(EpcKey::path).collect();
    let names: Vec<&str> = paths.iter().map(String::as_str).collect();
    let custody = store::custody::lock(conn, &names).await?;
    let parents = parents(shipping, &paths, &custody)?;
    let (shared, now_ms) = (&shipping.shared, shipping.knowledge.now_ms);
    let occasion = || occasion(&event_id(shared.new_id()), &shipping.site, now_ms);
    let mut events = Vec::with_capacity(parents.len() + 1);
    for (parent, children) in &parents {
        let children = children.iter().map(|key| key.digital_link()).collect();
        let parent = EpcKey::parse(parent).map_err(Problem::internal)?.digital_link();
        events.push(prepare(Event::unpacking(occasion()?, parent, children), &shipping.knowledge, shared)?);
    }
    let items = shipping.keys.iter().map(EpcKey::digital_link).collect();
    let leaving = Event::shipping(occasion()?, items, shipping.consignment.clone());
    events.push(prepare(leaving, &shipping.knowledge, shared)?);
    intake::store(conn, &shipping.knowledge, &events).await?;
    let mut event_ids: Vec<String> = events.iter().map(|event| event.event_id().to_owned()).collect();
    let sent = SentGoods {
        event_id: event_ids.pop().unwrap_or_default(),
        unpacking_event_ids: event_ids,
        items: paths,
        to: shipping.to.as_str().to_owned(),
        consignee: shipping.consignee.0,
        consignee_name: shipping.consignee.1.clone(),
        r#final: false,
        block: None,
    };
    Answer::json(StatusCode::CREATED, &sent)
}

/// What must be unpacked first: items by what they are in.
fn parents<'a>(
    shipping: &'a Shipping,
    paths: &[String],
    custody: &'a [Custody],
) -> Result<BTreeMap<&'a str, Vec<&'a EpcKey>>, Problem> {
    let known: BTreeMap<&str, &Custody> = custody.iter().map(|one| (one.epc.as_str(), one)).collect();
    let along: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
    let mut parents: BTreeMap<&str, Vec<&EpcKey>> = BTreeMap::new();
    for ((key, path), pointer) in shipping.keys.iter().zip(paths).zip(&shipping.pointers) {
        let pointer = || pointer.clone();
        let Some(object) = known.get(path.as_str()) else {
            return Err(conflict("unknown_object", "this was never here", pointer()));
        };
        if object.site_gln != shipping.site.as_str() {
            return Err(conflict("unknown_object", "this is not at this site", pointer()));
        }
        if object.state != CustodyState::InStock {
            return Err(conflict("not_in_stock", "this is not in stock", pointer()));
        }
        let parent = object.parent.as_deref();
        if shipping.unpack_from.as_deref().is_some_and(|from| parent != Some(from)) {
            return Err(conflict(
                "not_in_parent",
                "this is not in what it is to be unpacked from",
                pointer(),
            ));
        }
        if let Some(parent) = parent {
            if along.contains(parent) {
                return Err(conflict("shipped_with_parent", "what it is in is shipped as well", pointer()));
            }
            parents.entry(parent).or_default().push(key);
        }
    }
    Ok(parents)
}
