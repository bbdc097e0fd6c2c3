//! Table `directory_request`: changes of the directory that this organisation asked for, and what became of them.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, column, stored_enum, to_i64};
use crate::error::Error;

stored_enum! {
    /// What is to be changed.
    RequestKind {
        /// A product is registered.
        Product = 1,
        /// A lot is recalled or a product withdrawn.
        Stop = 2,
    }
}

stored_enum! {
    /// What became of a request.
    RequestState {
        /// It is on its way.
        Pending = 1,
        /// It holds.
        Accepted = 2,
        /// The ledger refused it.
        Refused = 3,
    }
}

/// A change that this organisation asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRequest {
    /// Its id; sorts by time.
    pub id: Uuid,
    /// The change in canonical form.
    pub change: Vec<u8>,
    /// What is to be changed.
    pub kind: RequestKind,
    /// GTIN-14 of the product.
    pub gtin: String,
    /// The lot; `None`: the whole product.
    pub lot: Option<String>,
    /// Which client asked.
    pub client_id: Uuid,
    /// When.
    pub requested_at: OffsetDateTime,
    /// What became of it.
    pub state: RequestState,
    /// lifecycle's code of the refusal.
    pub refusal: Option<u8>,
    /// The block that decided.
    pub height: Option<u64>,
}

struct Row {
    id: Uuid,
    change: Vec<u8>,
    kind: i16,
    gtin: String,
    lot: Option<String>,
    client_id: Uuid,
    requested_at: OffsetDateTime,
    state: i16,
    refusal: Option<i16>,
    height: Option<i64>,
}

impl TryFrom<Row> for DirectoryRequest {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("directory_request", row.id);
        let refusal =
            row.refusal.map(|code| u8::try_from(code).map_err(|_| place.fault("refusal", "not a code")));
        Ok(DirectoryRequest {
            kind: RequestKind::from_code(row.kind).ok_or_else(|| place.fault("kind", "unknown code"))?,
            state: RequestState::from_code(row.state).ok_or_else(|| place.fault("state", "unknown code"))?,
            refusal: refusal.transpose()?,
            height: place.u64_or_none("height", row.height)?,
            id: row.id,
            change: row.change,
            gtin: row.gtin,
            lot: row.lot,
            client_id: row.client_id,
            requested_at: row.requested_at,
        })
    }
}

/// Adds a request, in the transaction of its row in the outbox.
///
/// # Errors
/// [`Error::Conflict`] on `directory_request_pkey`.
pub async fn insert(conn: &mut PgConnection, request: &DirectoryRequest) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO directory_request (id, change, kind, gtin, lot, client_id, requested_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        request.id,
        &request.change,
        request.kind.code(),
        request.gtin,
        request.lot,
        request.client_id,
        request.requested_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the ledger made of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The change in canonical form.
    pub change: Vec<u8>,
    /// lifecycle's code of the refusal; `None`: accepted.
    pub refusal: Option<u8>,
}

/// Records what became of changes, in the transaction of their block and in the order of their batch. Of requests for
/// the very same change the oldest that waits is the one that was decided. Returns how many were known here.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn decide(conn: &mut PgConnection, decided: &[Decided], height: u64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "WITH told AS (
             SELECT change, refusal, row_number() OVER (PARTITION BY change ORDER BY place) AS turn
             FROM unnest($1::bytea[], $2::smallint[]) WITH ORDINALITY AS t (change, refusal, place)
         ), waiting AS (
             SELECT id, change, row_number() OVER (PARTITION BY change ORDER BY id) AS turn
             FROM directory_request WHERE state = 1 AND change = ANY ($1)
         )
         UPDATE directory_request d
         SET state = CASE WHEN told.refusal IS NULL THEN 2 ELSE 3 END, refusal = told.refusal, height = $3
         FROM told JOIN waiting USING (change, turn) WHERE d.id = waiting.id",
        &column(decided, |one| one.change.as_slice()) as &[&[u8]],
        &column(decided, |one| one.refusal.map(i16::from)) as &[Option<i16>],
        to_i64("height", height)?,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// One request.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<DirectoryRequest>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, change, kind, gtin, lot, client_id, requested_at, state, refusal, height
         FROM directory_request WHERE id = $1",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(DirectoryRequest::try_from).transpose()
}

/// Requests of one kind, newest first, before the one that `before` names; `state` limits them to one state.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn list(
    conn: &mut PgConnection,
    kind: RequestKind,
    state: Option<RequestState>,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<DirectoryRequest>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, change, kind, gtin, lot, client_id, requested_at, state, refusal, height
         FROM directory_request
         WHERE kind = $1 AND ($2::smallint IS NULL OR state = $2)
           AND id < COALESCE($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
         ORDER BY id DESC LIMIT $4",
        kind.code(),
        state.map(RequestState::code),
        before,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(DirectoryRequest::try_from).collect()
}
