//! Table `expected_receipt`: goods on their way here, and goods that came before their notice.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, column, stored_enum};
use crate::error::Error;

stored_enum! {
    /// How a delivery stands.
    ReceiptState {
        /// Announced by a notice whose proofs were checked; not arrived.
        Expected = 1,
        /// Arrived; its notice has not.
        AwaitingData = 2,
        /// Arrived as announced.
        Received = 3,
        /// Not accepted.
        Refused = 4,
    }
}

/// The top level of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedReceipt {
    /// Canonical key, usually of an SSCC.
    pub epc: String,
    /// The shipment notice; `None` while it is awaited.
    pub notice_id: Option<Uuid>,
    /// Organisation that ships; `None` while unknown.
    pub consignor: Option<u32>,
    /// Where it is going: 13 digits.
    pub site_gln: String,
    /// How it stands.
    pub state: ReceiptState,
    /// Since when.
    pub updated_at: OffsetDateTime,
}

struct Row {
    epc: String,
    notice_id: Option<Uuid>,
    consignor: Option<i64>,
    site_gln: String,
    state: i16,
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for ExpectedReceipt {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("expected_receipt", row.updated_at);
        Ok(ExpectedReceipt {
            state: ReceiptState::from_code(row.state).ok_or_else(|| place.fault("state", "unknown code"))?,
            consignor: row.consignor.map(|id| place.u32("consignor", id)).transpose()?,
            epc: row.epc,
            notice_id: row.notice_id,
            site_gln: row.site_gln,
            updated_at: row.updated_at,
        })
    }
}

/// Adds deliveries, or replaces what was known of them.
///
/// # Errors
/// [`Error::Conflict`] on `expected_receipt_notice`: only `AwaitingData` may lack notice and consignor.
pub async fn upsert(conn: &mut PgConnection, receipts: &[ExpectedReceipt]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO expected_receipt (epc, notice_id, consignor, site_gln, state, updated_at)
         SELECT * FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::smallint[], $6::timestamptz[])
                       AS r (epc, notice_id, consignor, site_gln, state, updated_at)
         ORDER BY epc
         ON CONFLICT ON CONSTRAINT expected_receipt_pkey DO UPDATE
         SET notice_id = excluded.notice_id, consignor = excluded.consignor, site_gln = excluded.site_gln,
             state = excluded.state, updated_at = excluded.updated_at",
        &column(receipts, |receipt| receipt.epc.as_str()) as &[&str],
        &column(receipts, |receipt| receipt.notice_id) as &[Option<Uuid>],
        &column(receipts, |receipt| receipt.consignor.map(i64::from)) as &[Option<i64>],
        &column(receipts, |receipt| receipt.site_gln.as_str()) as &[&str],
        &column(receipts, |receipt| receipt.state.code()),
        &column(receipts, |receipt| receipt.updated_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The deliveries that are known of these, locked until the transaction ends, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn lock(conn: &mut PgConnection, epcs: &[&str]) -> Result<Vec<ExpectedReceipt>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT r.epc, r.notice_id, r.consignor, r.site_gln, r.state, r.updated_at
         FROM unnest($1::text[]) AS k (epc) JOIN expected_receipt r ON r.epc = k.epc
         ORDER BY r.epc FOR UPDATE OF r",
        epcs as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ExpectedReceipt::try_from).collect()
}

/// Deliveries that are expected or await their data, oldest first, after the one `after` names by time and
/// key; `site_gln` limits them to one site.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn open(
    conn: &mut PgConnection,
    site_gln: Option<&str>,
    after: Option<(OffsetDateTime, &str)>,
    limit: u32,
) -> Result<Vec<ExpectedReceipt>, Error> {
    let (time, epc) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        "SELECT epc, notice_id, consignor, site_gln, state, updated_at FROM expected_receipt
         WHERE state IN (1, 2) AND ($1::text IS NULL OR site_gln = $1)
           AND (updated_at, epc) > (COALESCE($2, '-infinity'::timestamptz), COALESCE($3, ''))
         ORDER BY updated_at, epc LIMIT $4",
        site_gln,
        time,
        epc,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(ExpectedReceipt::try_from).collect()
}
