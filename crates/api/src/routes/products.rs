//! Products and lots.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use gs1::{Gtin, Lot};
use ledger::directory::ProductDetails;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::directory_requests::configure_products;
use crate::auth::{Allowed, permission};
use crate::body::Write;
use crate::cursor;
use crate::directory_changes::{Became, Change, submit, text};
use crate::idempotency::{Answer, IdempotencyHeader};
use crate::openapi::texts::{CursorText, Gtin14Text, GtinText, LotText, PageSize, ShortText};
use crate::problem::{Fault, Problem, ProblemDocument};
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(list_products).service(register_product).service(list_lots).configure(configure_products);
}

/// A product.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewProduct {
    /// GTIN, 8 to 14 digits, under one of the organisation's company prefixes; indicator digit 0.
    #[schema(value_type = GtinText)]
    gtin: String,
    /// Name with strength and form, as on the pack; at most 120 characters.
    #[schema(value_type = ShortText)]
    name: String,
    /// Dosage form.
    #[schema(value_type = ShortText)]
    form: String,
    /// Strength.
    #[schema(value_type = ShortText)]
    strength: String,
}

/// A product in the directory.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Product)]
struct ProductDocument {
    /// GTIN-14.
    #[schema(value_type = Gtin14Text)]
    gtin: String,
    /// Name with strength and form.
    name: String,
    /// Dosage form.
    form: String,
    /// Strength.
    strength: String,
    /// Number of the organisation that owns it.
    owner: u32,
    /// Whether the registration is final. Packs can be commissioned from then on.
    r#final: bool,
    /// Height at which it was registered, once that is final; 0: at genesis.
    #[serde(skip_serializing_if = "Option::is_none")]
    registered: Option<u64>,
    /// Whether the product was withdrawn.
    withdrawn: bool,
    /// In the answer to a registration: the request for it, at `/v1/products/requests/{id}`, which tells what became of it.
    #[schema(format = Uuid)]
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// Products.
#[derive(Debug, Serialize, ToSchema)]
struct Products {
    /// In order of their numbers.
    products: Vec<ProductDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ProductPage {
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// Lists this organisation's products
#[utoipa::path(tag = "products", operation_id = "list_products", security(("api_key" = ["register_product"])),
    params(ProductPage), responses((status = 200, description = "Products", body = Products)))]
#[get("/v1/products")]
async fn list_products(
    _: Allowed<permission::RegisterProduct>,
    page: web::Query<ProductPage>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(page.limit)? as usize;
    let after: Option<String> = cursor::read(page.cursor.as_deref())?;
    let view = shared.view()?;
    let own = view.own(shared.config.organisation.id)?.id;
    let after = after.unwrap_or_default();
    let products = view.directory.products().filter(|p| p.owner == own && p.gtin.as_str() > after.as_str());
    let products: Vec<_> = products.take(limit).map(|product| document(&view.directory, product)).collect();
    let last = products.last().filter(|_| products.len() == limit).map(|last| last.gtin.clone());
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    Ok(HttpResponse::Ok().json(Products { products, next_cursor }))
}

fn document(directory: &ledger::Directory, product: &ledger::Product) -> ProductDocument {
    ProductDocument {
        gtin: product.gtin.as_str().to_owned(),
        name: product.name.clone(),
        form: product.form.clone(),
        strength: product.strength.clone(),
        owner: product.owner.0,
        r#final: true,
        registered: Some(product.registered.0),
        withdrawn: directory.withdrawal(&product.gtin).is_some(),
        request_id: None,
    }
}

/// Registers a product
///
/// Answers when the registration is final, or after the configured time with `"final": false`; the request that
/// `Location` names tells later what became of it, a refusal by the ledger included.
#[utoipa::path(tag = "products", operation_id = "register_product", security(("api_key" = ["register_product"])),
    params(IdempotencyHeader), request_body = NewProduct, responses(
    (status = 201, description = "The product is registered, or on its way", body = ProductDocument,
     headers(("Location" = String, description = "The request for it"))),
    (status = 409, description = "It exists already", body = ProblemDocument, content_type = "application/problem+json"),
))]
#[post("/v1/products")]
async fn register_product(
    client: Allowed<permission::RegisterProduct>,
    write: Write<NewProduct>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let details = details(&write.body)?;
    let own = shared.config.organisation.id;
    let gtin = details.gtin;
    let change = Change::product(details.clone());
    let taken = move |request_id: &str| ProductDocument {
        gtin: details.gtin.as_str().to_owned(),
        name: details.name.clone(),
        form: details.form.clone(),
        strength: details.strength.clone(),
        owner: own,
        r#final: false,
        registered: None,
        withdrawn: false,
        request_id: Some(request_id.to_owned()),
    };
    match submit(&shared, (client.id, write.request), change, taken).await? {
        Became::Answered(answer) => Ok(answer.respond()),
        Became::Holds { view, request, location } => {
            let product = view.directory.product(&gtin).map(|product| ProductDocument {
                request_id: Some(request.to_string()),
                ..document(&view.directory, product)
            });
            Ok(Answer::json(StatusCode::CREATED, &product)?.at(location).respond())
        }
    }
}

fn details(product: &NewProduct) -> Result<ProductDetails, Problem> {
    let mut faults = Vec::new();
    let name = text(&product.name, "/name", &mut faults);
    let form = text(&product.form, "/form", &mut faults);
    let strength = text(&product.strength, "/strength", &mut faults);
    let gtin = match Gtin::new(&product.gtin) {
        Ok(gtin) if gtin.is_pack() => Some(gtin),
        Ok(_) => {
            let message = "the GTIN of a pack has indicator digit 0; cases are told by their own numbers";
            faults.push(Fault::new("not-a-pack", message).at("/gtin"));
            None
        }
        Err(error) => {
            faults.push(Fault::from(&error).at("/gtin"));
            None
        }
    };
    match gtin {
        Some(gtin) if faults.is_empty() => Ok(ProductDetails { gtin, name, form, strength }),
        _ => Err(Problem::invalid(faults)),
    }
}

/// Which lots.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LotFilter {
    /// GTIN of the product.
    #[param(value_type = GtinText, inline)]
    gtin: String,
    /// Where to go on, from the page before.
    #[param(value_type = Option<CursorText>, inline)]
    cursor: Option<String>,
    /// How many, 1 to 1000; 100 unless given.
    #[param(value_type = Option<PageSize>, inline)]
    limit: Option<u32>,
}

/// A lot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lot)]
struct LotDocument {
    /// GTIN-14.
    #[schema(value_type = Gtin14Text)]
    gtin: String,
    /// Lot number.
    #[schema(value_type = LotText)]
    lot: String,
    /// Last day on which its packs are usable, `YYYY-MM-DD`.
    #[schema(format = Date)]
    expiry: String,
    /// Whether it was recalled.
    recalled: bool,
}

/// Lots.
#[derive(Debug, Serialize, ToSchema)]
struct Lots {
    /// In order of their numbers.
    lots: Vec<LotDocument>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists the lots of a product
///
/// A lot is known here as soon as a pack of it was commissioned.
#[utoipa::path(tag = "products", operation_id = "list_lots", security(("api_key" = ["register_product"])),
    params(LotFilter), responses((status = 200, description = "Lots", body = Lots)))]
#[get("/v1/lots")]
async fn list_lots(
    _: Allowed<permission::RegisterProduct>,
    filter: web::Query<LotFilter>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let limit = cursor::limit(filter.limit)?;
    let after: Option<String> = cursor::read(filter.cursor.as_deref())?;
    let gtin =
        Gtin::new(&filter.gtin).map_err(|error| Problem::invalid(vec![Fault::from(&error).at("gtin")]))?;
    let view = shared.view()?;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let lots = store::lot::list(&mut conn, gtin.as_str(), &after.unwrap_or_default(), limit).await?;
    let last = lots.last().filter(|_| lots.len() == limit as usize).map(|last| last.lot.clone());
    let next_cursor = last.map(|last| cursor::write(&last)).transpose()?;
    let is_recalled = |lot: &str| Lot::new(lot).is_ok_and(|lot| view.directory.recall(&gtin, &lot).is_some());
    let lots = lots.into_iter().map(|lot| LotDocument {
        recalled: is_recalled(&lot.lot),
        gtin: lot.gtin,
        expiry: lot.expiry.to_string(),
        lot: lot.lot,
    });
    Ok(HttpResponse::Ok().json(Lots { lots: lots.collect(), next_cursor }))
}
