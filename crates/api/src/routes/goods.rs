//! Deliveries, shipments and stock.

use actix_web::{HttpResponse, get, post, web};
use serde::{Deserialize, Serialize};
use store::custody::CustodyState;
use store::expected_receipt::ReceiptState;
use store::shipment::UNANNOUNCED;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::authenticate::today;
use crate::body::Write;
use crate::changes::own_site;
use crate::clock::rfc3339_of;
use crate::cursor;
use crate::goods::{Delivery, NewDelivery, NewShipment, SentGoods, deliver, object_key, ship};
use crate::idempotency::IdempotencyHeader;
use crate::intake::at_micros;
use crate::openapi::texts::{CursorText, GlnText, ObjectText, PageSize};
use crate::problem::{Problem, ProblemDocument};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config
        .service(list_deliveries)
        .service(receive_delivery)
        .service(list_shipments)
        .service(ship_goods)
        .service(list_stock);
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// How an open delivery stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DeliveryState {
    /// Announced by a notice whose proofs were checked.
    Expected,
    /// Arrived before its notice.
    AwaitingData,
}

/// Goods that are on their way here, or arrived before their notice.
#[derive(Debug, Serialize, ToSchema)]
struct OpenDelivery {
    /// Canonical key, usually of an SSCC.
    epc: String,
    /// How it stands.
    state: DeliveryState,
    /// GLN of the place it goes to, or is at.
    #[schema(value_type = GlnText)]
    site: String,
    /// Number of the organisation that ships, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    consignor: Option<u32>,
    /// Since when.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Open deliveries.
#[derive(Debug, Serialize, ToSchema)]
struct OpenDeliveries {
    /// Oldest first.
    deliveries: Vec<OpenDelivery>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists deliveries that are expected or await their data
#[utoipa::path(tag = "goods", operation_id = "list_deliveries", security(("api_key" = ["receive"])), params(Page),
    responses((status = 200, description = "Open deliveries", body = OpenDeliveries)))]
#[get("/v1/deliveries")]
async fn list_deliveries(
    client: Allowed<permission::Receive>,
    page: web::Query<Page>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(page.limit)?;
    let after: Option<(i64, String)> = cursor::read(page.cursor.as_deref())?;
    let after = after.map(|(at, epc)| Ok::<_, Problem>((at_micros(at)?, epc))).transpose()?;
    let after = after.as_ref().map(|(at, epc)| (*at, epc.as_str()));
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let site = client.site.map(|gln| gln.as_str().to_owned());
    let open = store::expected_receipt::open(&mut conn, site.as_deref(), after, limit).await?;
    let full = open.len() == limit as usize;
    let last = open.last().filter(|_| full).map(|last| (micros(last.updated_at), last.epc.clone()));
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    let deliveries = open.into_iter().map(|receipt| OpenDelivery {
        epc: receipt.epc,
        state: match receipt.state {
            ReceiptState::AwaitingData => DeliveryState::AwaitingData,
            _ => DeliveryState::Expected,
        },
        site: receipt.site_gln,
        consignor: receipt.consignor,
        updated_at: rfc3339_of(receipt.updated_at),
    });
    Ok(HttpResponse::Ok().json(OpenDeliveries { deliveries: deliveries.collect(), next_cursor }))
}

fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

/// Receives goods
///
/// By the label of the outermost unit: what is in it is known from the events that came with the shipment notice.
/// Goods whose notice has not arrived are held, 202 with `awaiting_data`. Answers when the event is final on the ledger,
/// or after the configured time with `"final": false`.
#[utoipa::path(tag = "goods", operation_id = "receive_delivery", security(("api_key" = ["receive"])),
    params(IdempotencyHeader), request_body = NewDelivery, responses(
    (status = 201, description = "The goods are in stock", body = Delivery),
    (status = 202, description = "They wait for their notice", body = Delivery),
    (status = 409, description = "They were received before", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/deliveries")]
async fn receive_delivery(
    client: Allowed<permission::Receive>,
    write: Write<NewDelivery>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let site = own_site(&shared, client.site()?)?;
    deliver(&shared, (client.id, write.request), site, &write.body).await
}

/// A shipment that left.
#[derive(Debug, Serialize, ToSchema)]
struct SentShipment {
    /// Identifier of the shipping event.
    event_id: String,
    /// When it was recorded.
    #[schema(format = DateTime)]
    shipped_at: String,
    /// Canonical keys of what left, top level.
    items: Vec<String>,
    /// GLN of the place that it goes to.
    #[schema(value_type = GlnText)]
    to: String,
    /// Number of the organisation that receives.
    consignee: u32,
    /// Whether the notice with the proofs is written: as soon as the event is final.
    announced: bool,
    /// Whether there can be no notice, because the shipment is larger than one tells: the consignee holds the goods until
    /// they are captured again in parts.
    too_large_to_announce: bool,
}

/// Shipments that left.
#[derive(Debug, Serialize, ToSchema)]
struct SentShipments {
    /// Newest first.
    shipments: Vec<SentShipment>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists shipments to other places
///
/// Those of the whole organisation, to its own places too.
#[utoipa::path(tag = "goods", operation_id = "list_shipments", security(("api_key" = ["ship"])), params(Page),
    responses((status = 200, description = "Shipments", body = SentShipments)))]
#[get("/v1/shipments")]
async fn list_shipments(
    _: Allowed<permission::Ship>,
    page: web::Query<Page>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(page.limit)?;
    let before: Option<u64> = cursor::read(page.cursor.as_deref())?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let sent = store::shipment::list(&mut conn, before, limit).await?;
    let full = sent.len() == limit as usize;
    let last = sent.last().filter(|_| full).map(|last| last.shipment.event_seq);
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    let shipments = sent.into_iter().map(|sent| SentShipment {
        event_id: sent.event_id,
        shipped_at: rfc3339_of(sent.shipment.captured_at),
        items: sent.shipment.items,
        to: sent.shipment.site_gln,
        consignee: sent.shipment.consignee,
        announced: sent.notice_id.is_some_and(|id| id != UNANNOUNCED),
        too_large_to_announce: sent.notice_id == Some(UNANNOUNCED),
    });
    Ok(HttpResponse::Ok().json(SentShipments { shipments: shipments.collect(), next_cursor }))
}

/// Ships goods
///
/// Items that are packed in something else are unpacked first, by an event of their own. The consignee gets the
/// events of these goods with their proofs, as soon as they are final.
#[utoipa::path(tag = "goods", operation_id = "ship_goods", security(("api_key" = ["ship"])),
    params(IdempotencyHeader), request_body = NewShipment, responses(
    (status = 201, description = "The goods have left", body = SentGoods),
    (status = 409, description = "They are not in stock", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/shipments")]
async fn ship_goods(
    client: Allowed<permission::Ship>,
    write: Write<NewShipment>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let site = own_site(&shared, client.site()?)?;
    ship(&shared, (client.id, write.request), site, &write.body).await
}

/// What is asked of the stock.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StockFilter {
    /// The unit whose content is listed: SSCC or SGTIN, as scanned, as URN or as GS1 Digital Link.
    #[param(value_type = ObjectText, inline)]
    parent: String,
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// How the books know an object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StockState {
    /// It is here.
    InStock,
    /// It left.
    Shipped,
    /// It was announced.
    Expected,
    /// It arrived before its notice.
    AwaitingData,
    /// It was given to a patient.
    Dispensed,
    /// It left the supply chain otherwise.
    Gone,
    /// It is held.
    Quarantined,
}

impl From<CustodyState> for StockState {
    fn from(state: CustodyState) -> Self {
        match state {
            CustodyState::InStock => Self::InStock,
            CustodyState::Shipped => Self::Shipped,
            CustodyState::Expected => Self::Expected,
            CustodyState::AwaitingData => Self::AwaitingData,
            CustodyState::Dispensed => Self::Dispensed,
            CustodyState::Gone => Self::Gone,
            CustodyState::Quarantined => Self::Quarantined,
        }
    }
}

/// An object as the books know it.
#[derive(Debug, Serialize, ToSchema)]
struct StockObject {
    /// Canonical key.
    epc: String,
    /// How the books know it.
    state: StockState,
    /// GLN of the place where it is, or was last.
    #[schema(value_type = GlnText)]
    site: String,
    /// What it is packed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Content of a unit.
#[derive(Debug, Serialize, ToSchema)]
struct Stock {
    /// The unit, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<StockObject>,
    /// What is directly in it, in order of keys.
    content: Vec<StockObject>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists what is in a case or on a pallet
#[utoipa::path(tag = "goods", operation_id = "list_stock", security(("api_key" = ["receive"])), params(StockFilter),
    responses((status = 200, description = "The unit and what is directly in it", body = Stock)))]
#[get("/v1/stock")]
async fn list_stock(
    _: Allowed<permission::Receive>,
    filter: web::Query<StockFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(filter.limit)?;
    let after: Option<String> = cursor::read(filter.cursor.as_deref())?;
    let parent = object_key(&filter.parent, "parent", today(&shared))?.path();
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let unit = store::custody::find(&mut conn, &[parent.as_str()]).await?.pop();
    let content =
        store::custody::children(&mut conn, &parent, after.as_deref().unwrap_or_default(), limit).await?;
    let full = content.len() == limit as usize;
    let last = content.last().filter(|_| full).map(|last| last.epc.clone());
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    let content = content.into_iter().map(stock_object).collect();
    Ok(HttpResponse::Ok().json(Stock { unit: unit.map(stock_object), content, next_cursor }))
}

fn stock_object(custody: store::custody::Custody) -> StockObject {
    StockObject {
        state: custody.state.into(),
        epc: custody.epc,
        site: custody.site_gln,
        parent: custody.parent,
        updated_at: rfc3339_of(custody.updated_at),
    }
}
