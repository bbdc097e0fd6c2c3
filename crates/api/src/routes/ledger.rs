//! `/v1/ledger`: the chain, as this organisation's node has it.

use actix_web::{HttpResponse, get, web};
use ledger::receipt::SignedHeader;
use ledger::{BatchHeader, BlockHeader, Certificate, Hash, Height};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::{Allowed, permission};
use crate::openapi::texts::Hex32Text;
use crate::problem::{Problem, ProblemDocument};
use crate::proofs;
use crate::shared::Shared;

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig) {
    config.service(get_head).service(get_block);
}

/// The head of the chain.
#[derive(Debug, Serialize, ToSchema)]
struct Head {
    /// Its height.
    #[schema(value_type = u64)]
    height: Height,
    /// Its hash.
    #[schema(value_type = Hex32Text)]
    hash: Hash,
    /// Its time, in milliseconds since 1970 UTC.
    time_ms: u64,
    /// What the hash is over.
    #[schema(value_type = Object)]
    header: BlockHeader,
    /// Who decided it.
    #[schema(value_type = Object)]
    certificate: Certificate,
}

/// A block without its batches' contents, which are other organisations' affairs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Block)]
struct BlockDocument {
    /// Its hash.
    #[schema(value_type = Hex32Text)]
    hash: Hash,
    /// What the hash is over.
    #[schema(value_type = Object)]
    header: BlockHeader,
    /// Who decided it.
    #[schema(value_type = Object)]
    certificate: Certificate,
    /// Each batch's hash, and the members of its header.
    #[schema(value_type = Vec<Object>)]
    batches: Vec<BatchDocument>,
}

#[derive(Debug, Serialize)]
struct BatchDocument {
    hash: Hash,
    #[serde(flatten)]
    header: BatchHeader,
}

/// Get the head of the chain
///
/// Height, hash, time, header and certificate of the newest block that is indexed here.
#[utoipa::path(tag = "ledger", operation_id = "get_head", security(("api_key" = ["ledger_read"])),
    responses((status = 200, description = "The newest block", body = Head),
    (status = 404, description = "There is no block yet", body = ProblemDocument, content_type = "application/problem+json")))]
#[get("/v1/ledger/head")]
pub async fn get_head(
    _: Allowed<permission::LedgerRead>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let signed = proofs::head(&mut conn).await?.ok_or_else(Problem::not_found)?;
    let SignedHeader { header, certificate } = signed;
    let (height, hash, time_ms) = (header.height, header.hash(), header.time_ms);
    Ok(HttpResponse::Ok().json(Head { height, hash, time_ms, header, certificate }))
}

/// Get a block
///
/// Its header, its certificate, and the headers of its batches.
#[utoipa::path(tag = "ledger", operation_id = "get_block", security(("api_key" = ["ledger_read"])),
    params(("height" = u64, Path, description = "From 1")),
    responses((status = 200, description = "The block", body = BlockDocument)))]
#[get("/v1/ledger/blocks/{height}")]
pub async fn get_block(
    _: Allowed<permission::LedgerRead>,
    height: web::Path<u64>,
    shared: web::Data<Shared>,
) -> Result<HttpResponse, Problem> {
    let height = Height((*height).min(i64::MAX as u64));
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let decided = proofs::decided(&mut conn, height).await?.ok_or_else(Problem::not_found)?;
    let batches = decided.block.batches.into_iter().map(|signed| signed.batch.header);
    Ok(HttpResponse::Ok().json(BlockDocument {
        hash: decided.block.header.hash(),
        header: decided.block.header,
        certificate: decided.certificate,
        batches: batches.map(|header| BatchDocument { hash: header.hash(), header }).collect(),
    }))
}
