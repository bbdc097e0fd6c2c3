//! A regulator looks packs up. Each look-up gives its reason, and is itself on record before it is answered.

use actix_web::{HttpResponse, get, web};
use gs1::{Gtin, Lot, SerialNumber, Sgtin};
use ledger::evidence::Evidence;
use ledger::receipt::ItemReceipt;
use ledger::{Item, PackIdentity};
use lifecycle::PackState;
use serde::{Deserialize, Serialize};
use store::lookup_log::Lookup;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::auth::{Allowed, permission};
use crate::authenticate::{AsOf, ProductName, state_after};
use crate::clock::{moment, rfc3339, rfc3339_of};
use crate::cursor;
use crate::directory::DirectoryView;
use crate::directory_changes::text;
use crate::intake::at_micros;
use crate::openapi::texts::{
    CursorText, GtinText, LotText, PackStateWord, PageSize, SerialText, ShortText, TransitionWord,
};
use crate::problem::{Fault, Problem, ProblemDocument};
use crate::proofs;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(look_up_pack).service(list_lookups);
}

/// Why a pack is looked up.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Purpose {
    /// Why, in words; at most 120 characters.
    #[param(value_type = ShortText, inline)]
    reason: String,
    /// Number of the case; at most 120 characters.
    #[param(value_type = Option<ShortText>, inline)]
    case_number: Option<String>,
    /// The lot on the label, where known: with it a recall of that lot is part of the evidence.
    #[param(value_type = Option<LotText>, inline)]
    lot: Option<String>,
}

/// One change of a pack, as every node has agreed on it.
#[derive(Debug, Serialize, ToSchema)]
struct StatusChange {
    /// What was done.
    #[schema(value_type = TransitionWord)]
    transition: &'static str,
    /// State of the pack afterwards.
    #[schema(value_type = PackStateWord)]
    state: &'static str,
    /// The record's version afterwards; 0: as commissioned.
    version: u32,
    /// Height of the block.
    block: u64,
    /// Time of the block.
    #[schema(format = DateTime)]
    block_time: String,
    /// When it happened by the site's clock.
    #[schema(format = DateTime)]
    site_time: String,
    /// Number of the organisation that made it.
    author: u32,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    author_name: Option<String>,
    /// What the ledger made of it: always `accepted`; what is refused changes nothing.
    outcome: &'static str,
}

/// A recall or withdrawal that stops the pack.
#[derive(Debug, Serialize, ToSchema)]
struct StopNote {
    /// The lot that is recalled; absent: the product is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<String>,
    /// Why.
    reason: String,
    /// Height of the block from which on it holds.
    block: u64,
    /// Time of that block.
    #[schema(format = DateTime)]
    block_time: String,
}

/// What is known of a pack.
#[derive(Debug, Serialize, ToSchema)]
struct PackHistory {
    /// The product.
    product: ProductName,
    /// Serial number.
    #[schema(value_type = SerialText)]
    serial: String,
    /// Number of the organisation that owns the product.
    owner: u32,
    /// State of the pack.
    #[schema(value_type = PackStateWord)]
    state: &'static str,
    /// Its changes, oldest first.
    history: Vec<StatusChange>,
    /// What stops it.
    stops: Vec<StopNote>,
    /// Up to which block this is known.
    as_of: AsOf,
    /// Evidence to be verified offline: save it, then `theriac verify FILE --genesis GENESIS`.
    #[schema(value_type = Object)]
    evidence: Evidence,
    /// Number of this look-up in the record of look-ups.
    #[schema(format = Uuid)]
    lookup_id: String,
}

/// Looks a pack up
///
/// Gives its status history with blocks and times, and evidence that anybody who has the genesis file can verify. The
/// look-up and its reason are recorded with the answer, whether the pack exists or not.
#[utoipa::path(tag = "look-ups", operation_id = "look_up_pack", security(("api_key" = ["look_up"])),
    params(("gtin" = inline(GtinText), Path, description = "GTIN"),
           ("serial" = inline(SerialText), Path, description = "Serial number"), Purpose),
    responses((status = 200, description = "What is known of the pack", body = PackHistory),
    (status = 409, description = "It is not final yet; ask again", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/v1/packs/{gtin}/{serial}")]
async fn look_up_pack(
    client: Allowed<permission::LookUp>,
    path: web::Path<(String, String)>,
    purpose: web::Query<Purpose>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let (gtin, serial) = path.into_inner();
    let mut faults = Vec::new();
    let reason = text(&purpose.reason, "reason", &mut faults);
    let case_number = purpose.case_number.as_deref().map(|case| text(case, "case_number", &mut faults));
    let gtin = Gtin::new(&gtin).map_err(|error| faults.push(Fault::from(&error).at("gtin"))).ok();
    let serial =
        SerialNumber::new(&serial).map_err(|error| faults.push(Fault::from(&error).at("serial"))).ok();
    let lot = purpose.lot.as_deref().map(Lot::new).transpose();
    let lot = lot.map_err(|error| faults.push(Fault::from(&error).at("lot"))).ok();
    let (Some(gtin), Some(serial), Some(lot), true) = (gtin, serial, lot, faults.is_empty()) else {
        return Err(Problem::invalid(faults));
    };
    let (id, view, now_ms) = (shared.new_id(), shared.view()?, shared.now_ms());
    let subject = Sgtin::new(gtin, serial.clone()).path();
    let client_id = client.id;
    let entry = Lookup {
        id,
        client_id,
        at: moment(now_ms),
        reason,
        case_number: case_number.unwrap_or_default(),
        subject,
        result: String::new(),
    };
    let seen = std::sync::Arc::clone(&view);
    let evidence = store::tx(&shared.pool, "look_up", move |conn| {
        let (mut entry, view, pack) =
            (entry.clone(), std::sync::Arc::clone(&seen), PackIdentity { gtin, serial: serial.clone() });
        let lot = lot.clone();
        Box::pin(async move {
            let evidence = evidence(conn, &view, pack, lot).await?;
            entry.result = if evidence.is_some() { "found" } else { "not_found" }.to_owned();
            store::lookup_log::insert(conn, &entry).await?;
            Ok::<_, Problem>(evidence)
        })
    })
    .await?;
    let evidence = evidence.ok_or_else(Problem::not_found)?;
    Ok(HttpResponse::Ok().json(answer(&view, evidence, id)))
}

/// The evidence, with the lot where the caller did not give it and a recall tells it.
async fn evidence(
    conn: &mut store::PgConnection,
    view: &DirectoryView,
    pack: PackIdentity,
    lot: Option<Lot>,
) -> Result<Option<Evidence>, Problem> {
    let Some(history) = proofs::history(conn, &view.directory, &pack).await? else { return Ok(None) };
    let is_lot = |lot: &Lot| capture::attempt::is_lot(&pack, &history.record, lot);
    // A lot that is not the pack's would make the evidence one that does not verify.
    let given = lot.filter(&is_lot);
    let recalled = || {
        let mut lots = view.directory.recalls_of(&pack.gtin).filter_map(|stop| stop.key.lot.as_ref());
        lots.find(|lot| is_lot(lot)).cloned()
    };
    let lot = given.or_else(recalled);
    proofs::evidence(conn, &view.directory, (pack.gtin, pack.serial.clone()), lot).await
}

fn answer(view: &DirectoryView, evidence: Evidence, lookup: Uuid) -> PackHistory {
    let mut state = PackState::Active;
    let mut history = Vec::with_capacity(evidence.changes.len());
    for (version, receipt) in (0_u32..).zip(&evidence.changes) {
        let Item::Update(update) = &receipt.item else { continue };
        if version > 0 {
            state = state_after(view.directory.rules(), state, update.transition);
        }
        let header = &receipt.anchor.block.header;
        let author = receipt.anchor.batch.author;
        history.push(StatusChange {
            transition: update.transition.as_str(),
            state: state.as_str(),
            version,
            block: header.height.0,
            block_time: rfc3339(header.time_ms),
            site_time: rfc3339(update.site_time_ms),
            author: author.0,
            author_name: view.directory.organisation(author).map(|author| author.name.clone()),
            outcome: "accepted",
        });
    }
    let product = view.directory.product(&evidence.gtin);
    PackHistory {
        product: ProductName {
            gtin: evidence.gtin.as_str().to_owned(),
            name: product.map(|product| product.name.clone()),
        },
        serial: evidence.serial.as_str().to_owned(),
        owner: evidence.issuer.0,
        state: state.as_str(),
        history,
        stops: evidence.stops.iter().filter_map(stop_note).collect(),
        as_of: AsOf::of(view),
        evidence,
        lookup_id: lookup.to_string(),
    }
}

fn stop_note(receipt: &ItemReceipt) -> Option<StopNote> {
    let Item::Change(ledger::DirectoryChange::Stop { lot, reason, .. }) = &receipt.item else { return None };
    let header = &receipt.anchor.block.header;
    Some(StopNote {
        lot: lot.as_ref().map(|lot| lot.as_str().to_owned()),
        reason: reason.clone(),
        block: header.height.0,
        block_time: rfc3339(header.time_ms),
    })
}

/// A look-up that was made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lookup)]
struct LookupDocument {
    /// Its number.
    #[schema(format = Uuid)]
    id: String,
    /// Who looked: the client's id.
    #[schema(format = Uuid)]
    client: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Why.
    reason: String,
    /// Number of the case; empty when none was given.
    case_number: String,
    /// What was looked up: a canonical key.
    subject: String,
    /// `found` or `not_found`.
    result: String,
}

/// Look-ups.
#[derive(Debug, Serialize, ToSchema)]
struct Lookups {
    /// Newest first.
    lookups: Vec<LookupDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LookupPage {
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// Lists look-ups
///
/// Every one that was made at this service; nothing can be removed from the record.
#[utoipa::path(tag = "look-ups", operation_id = "list_lookups", security(("api_key" = ["look_up"])), params(LookupPage),
    responses((status = 200, description = "Look-ups", body = Lookups)))]
#[get("/v1/lookups")]
async fn list_lookups(
    _: Allowed<permission::LookUp>,
    page: web::Query<LookupPage>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(page.limit)?;
    let before: Option<(i64, Uuid)> = cursor::read(page.cursor.as_deref())?;
    let before = before.map(|(at, id)| Ok::<_, Problem>((at_micros(at)?, id))).transpose()?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let lookups = store::lookup_log::list(&mut conn, before, limit).await?;
    let last = lookups.last().filter(|_| lookups.len() == limit as usize);
    let place = last.map(|last| (last.at.unix_timestamp_nanos() / 1_000, last.id));
    let next_cursor = place.map(|place| cursor::write(&place)).transpose()?;
    let lookups = lookups.into_iter().map(|lookup| LookupDocument {
        id: lookup.id.to_string(),
        client: lookup.client_id.to_string(),
        at: rfc3339_of(lookup.at),
        reason: lookup.reason,
        case_number: lookup.case_number,
        subject: lookup.subject,
        result: lookup.result,
    });
    Ok(HttpResponse::Ok().json(Lookups { lookups: lookups.collect(), next_cursor }))
}
