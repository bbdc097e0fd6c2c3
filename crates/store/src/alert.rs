//! Table `alert`: what somebody must look at.

use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Bytes32, Place, column, stored_enum};
use crate::error::Error;

stored_enum! {
    /// Who has looked at an alert.
    AlertState {
        /// Nobody.
        Open = 1,
        /// Somebody: it is under investigation.
        Acknowledged = 2,
        /// It is settled.
        Closed = 3,
    }
}

/// An alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Id, the same at every organisation that hears of it.
    pub id: Uuid,
    /// lifecycle's code.
    pub code: String,
    /// lifecycle's level.
    pub level: i16,
    /// When it arose.
    pub raised_at: OffsetDateTime,
    /// The pack on the ledger.
    pub record_key: Option<Bytes32>,
    /// GTIN-14 of the pack, where it is known.
    pub gtin: Option<String>,
    /// Serial number of the pack, where it is known.
    pub serial: Option<String>,
    /// Site at which it arose, where it is told.
    pub site_gln: Option<String>,
    /// What else is known.
    pub detail: JsonValue,
    /// Organisation at whose site it arose.
    pub origin: u32,
    /// Who has looked at it.
    pub state: AlertState,
}

struct Row {
    id: Uuid,
    code: String,
    level: i16,
    raised_at: OffsetDateTime,
    record_key: Option<Vec<u8>>,
    gtin: Option<String>,
    serial: Option<String>,
    site_gln: Option<String>,
    detail: JsonValue,
    origin: i64,
    state: i16,
}

impl TryFrom<Row> for Alert {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("alert", row.id);
        Ok(Alert {
            record_key: row.record_key.map(|key| place.bytes32("record_key", key)).transpose()?,
            origin: place.u32("origin", row.origin)?,
            state: AlertState::from_code(row.state).ok_or_else(|| place.fault("state", "unknown code"))?,
            id: row.id,
            code: row.code,
            level: row.level,
            raised_at: row.raised_at,
            gtin: row.gtin,
            serial: row.serial,
            site_gln: row.site_gln,
            detail: row.detail,
        })
    }
}

/// Adds alerts; one that is known is left as it is. Returns how many were new.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `alert`.
pub async fn insert(conn: &mut PgConnection, alerts: &[Alert]) -> Result<u64, Error> {
    let done = sqlx::query!(
        "INSERT INTO alert (id, code, level, raised_at, record_key, gtin, serial, site_gln, detail, origin, state)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::timestamptz[], $5::bytea[], $6::text[],
                              $7::text[], $8::text[], $9::jsonb[], $10::bigint[], $11::smallint[])
         ON CONFLICT ON CONSTRAINT alert_pkey DO NOTHING",
        &column(alerts, |alert| alert.id),
        &column(alerts, |alert| alert.code.as_str()) as &[&str],
        &column(alerts, |alert| alert.level),
        &column(alerts, |alert| alert.raised_at),
        &column(alerts, |alert| alert.record_key) as &[Option<Bytes32>],
        &column(alerts, |alert| alert.gtin.as_deref()) as &[Option<&str>],
        &column(alerts, |alert| alert.serial.as_deref()) as &[Option<&str>],
        &column(alerts, |alert| alert.site_gln.as_deref()) as &[Option<&str>],
        &column(alerts, |alert| alert.detail.clone()),
        &column(alerts, |alert| i64::from(alert.origin)),
        &column(alerts, |alert| alert.state.code()),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// One alert.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, id: Uuid) -> Result<Option<Alert>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, code, level, raised_at, record_key, gtin, serial, site_gln, detail, origin, state
         FROM alert WHERE id = $1",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Alert::try_from).transpose()
}

/// Alerts, newest first, before the one that `before` names by time and id; `site_gln` limits them to one site, `state`
/// to one state.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn list(
    conn: &mut PgConnection,
    site_gln: Option<&str>,
    state: Option<AlertState>,
    before: Option<(OffsetDateTime, Uuid)>,
    limit: u32,
) -> Result<Vec<Alert>, Error> {
    let (time, id) = before.unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, code, level, raised_at, record_key, gtin, serial, site_gln, detail, origin, state FROM alert
         WHERE ($1::text IS NULL OR site_gln = $1)
           AND (raised_at, id) < (COALESCE($2, 'infinity'::timestamptz), COALESCE($3, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
           AND ($5::smallint IS NULL OR state = $5)
         ORDER BY raised_at DESC, id DESC LIMIT $4",
        site_gln,
        time,
        id,
        i64::from(limit),
        state.map(AlertState::code),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// Alerts of one pack, newest first, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_pack(
    conn: &mut PgConnection,
    gtin: &str,
    serial: &str,
    limit: u32,
) -> Result<Vec<Alert>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, code, level, raised_at, record_key, gtin, serial, site_gln, detail, origin, state FROM alert
         WHERE gtin = $1 AND serial = $2 ORDER BY raised_at DESC, id DESC LIMIT $3",
        gtin,
        serial,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Alert::try_from).collect()
}

/// One alert, locked until the transaction ends: whoever is about to do something about it.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn lock(conn: &mut PgConnection, id: Uuid) -> Result<Option<Alert>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, code, level, raised_at, record_key, gtin, serial, site_gln, detail, origin, state
         FROM alert WHERE id = $1 FOR UPDATE",
        id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Alert::try_from).transpose()
}
