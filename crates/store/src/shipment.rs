//! Table `shipment`: goods shipped to other organisations, and whether their notice was written.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::{Place, to_i64};
use crate::error::Error;

/// Stands for a notice that could not be written: the shipment is larger than one notice can tell.
pub const UNANNOUNCED: Uuid = Uuid::nil();

/// Goods on their way to another organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The shipping event.
    pub event_seq: u64,
    /// When it was captured.
    pub captured_at: OffsetDateTime,
    /// Organisation that receives.
    pub consignee: u32,
    /// Where they go: 13 digits.
    pub site_gln: String,
    /// Canonical keys of what was shipped, top level.
    pub items: Vec<String>,
}

/// Adds a shipment, in the transaction of its event.
///
/// # Errors
/// [`Error::Conflict`] on `shipment_pkey`.
pub async fn insert(conn: &mut PgConnection, shipment: &Shipment) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO shipment (event_seq, captured_at, consignee, site_gln, items) VALUES ($1, $2, $3, $4, $5)",
        to_i64("event_seq", shipment.event_seq)?,
        shipment.captured_at,
        i64::from(shipment.consignee),
        shipment.site_gln,
        &shipment.items,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks the oldest shipment whose event is final and whose notice is not written, until the transaction ends.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn claim(conn: &mut PgConnection) -> Result<Option<Shipment>, Error> {
    let row = sqlx::query!(
        "SELECT s.event_seq, s.captured_at, s.consignee, s.site_gln, s.items FROM shipment s
         JOIN event_anchor a ON a.event_seq = s.event_seq AND a.captured_at = s.captured_at
         JOIN batch b ON b.sequence = a.last_batch_sequence
         WHERE s.notice_id IS NULL AND b.height IS NOT NULL
         ORDER BY s.event_seq LIMIT 1 FOR UPDATE OF s SKIP LOCKED",
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let place = Place::new("shipment", row.event_seq);
        Ok(Shipment {
            event_seq: place.u64("event_seq", row.event_seq)?,
            captured_at: row.captured_at,
            consignee: u32::try_from(row.consignee)
                .map_err(|_| place.fault("consignee", "not an organisation"))?,
            site_gln: row.site_gln,
            items: row.items,
        })
    })
    .transpose()
}

/// Says that the notice is written, in the transaction that queues its pages; or, by [`UNANNOUNCED`], that it cannot be.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn set_notice(conn: &mut PgConnection, event_seq: u64, notice: Uuid) -> Result<(), Error> {
    let event_seq = to_i64("event_seq", event_seq)?;
    sqlx::query!("UPDATE shipment SET notice_id = $2 WHERE event_seq = $1", event_seq, notice)
        .execute(conn)
        .await?;
    Ok(())
}

/// A shipment, as its consignor sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentShipment {
    /// The shipment.
    pub shipment: Shipment,
    /// eventID of the shipping event.
    pub event_id: String,
    /// The notice to the consignee; `None` while the event is not final, [`UNANNOUNCED`] when there cannot be one.
    pub notice_id: Option<Uuid>,
}

/// Shipments before the one whose event is `before`, newest first, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn list(
    conn: &mut PgConnection,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<SentShipment>, Error> {
    let before = before.map(|seq| to_i64("event_seq", seq)).transpose()?;
    let rows = sqlx::query!(
        "SELECT s.event_seq, s.captured_at, s.consignee, s.site_gln, s.items, s.notice_id, e.event_id
         FROM shipment s JOIN event e ON e.seq = s.event_seq AND e.captured_at = s.captured_at
         WHERE s.event_seq < COALESCE($1, 9223372036854775807) ORDER BY s.event_seq DESC LIMIT $2",
        before,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("shipment", row.event_seq);
            Ok(SentShipment {
                shipment: Shipment {
                    event_seq: place.u64("event_seq", row.event_seq)?,
                    captured_at: row.captured_at,
                    consignee: u32::try_from(row.consignee)
                        .map_err(|_| place.fault("consignee", "not an organisation"))?,
                    site_gln: row.site_gln,
                    items: row.items,
                },
                event_id: row.event_id,
                notice_id: row.notice_id,
            })
        })
        .collect()
}
