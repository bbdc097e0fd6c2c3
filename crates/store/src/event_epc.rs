//! Table `event_epc`: which identifiers occur in which event. A row per identifier, so it is written by `COPY`.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Place, stored_enum, to_i64};
use crate::copy::CopyRows;
use crate::error::Error;

stored_enum! {
    /// Where in an event an identifier occurs.
    EpcRole {
        /// epcList.
        Epc = 1,
        /// parentID.
        Parent = 2,
        /// childEPCs.
        Child = 3,
        /// inputEPCList.
        Input = 4,
        /// outputEPCList.
        Output = 5,
        /// quantityList.
        Quantity = 11,
        /// childQuantityList.
        ChildQuantity = 13,
        /// inputQuantityList.
        InputQuantity = 14,
        /// outputQuantityList.
        OutputQuantity = 15,
    }
}

/// One identifier in one event.
#[derive(Debug, Clone, Copy)]
pub struct EventEpc<'a> {
    /// Canonical key.
    pub epc: &'a str,
    /// Where it occurs.
    pub role: EpcRole,
    /// The event's sequence number.
    pub event_seq: u64,
    /// The event's time of capture.
    pub captured_at: OffsetDateTime,
}

/// An event that an identifier occurs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it occurs.
    pub role: EpcRole,
    /// The event's sequence number.
    pub event_seq: u64,
    /// The event's time of capture.
    pub captured_at: OffsetDateTime,
}

/// Adds rows, in an order that suits the index: sort by `epc` when there are many.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn insert(conn: &mut PgConnection, rows: &[EventEpc<'_>]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut copy = CopyRows::new(4, rows.len(), 80);
    for row in rows {
        let seq = to_i64("event_seq", row.event_seq)?;
        copy.row().bytes(row.epc.as_bytes()).i16(row.role.code()).i64(seq).timestamp(row.captured_at);
    }
    copy.send(conn, "COPY event_epc (epc, role, event_seq, captured_at) FROM STDIN (FORMAT BINARY)").await
}

/// The events that any of `epcs` occurs in, in capture order, each once, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn events_of_any(
    conn: &mut PgConnection,
    epcs: &[&str],
    limit: u32,
) -> Result<Vec<(u64, OffsetDateTime)>, Error> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT e.event_seq AS "event_seq!", e.captured_at AS "captured_at!"
           FROM unnest($1::text[]) AS k (epc) JOIN event_epc e ON e.epc = k.epc
           ORDER BY 1 LIMIT $2"#,
        epcs as &[&str],
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok((Place::new("event_epc", row.event_seq).u64("event_seq", row.event_seq)?, row.captured_at))
        })
        .collect()
}

/// The events that `epc` occurs in, in capture order, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn events_of(conn: &mut PgConnection, epc: &str, limit: u32) -> Result<Vec<Occurrence>, Error> {
    let rows = sqlx::query!(
        "SELECT role, event_seq, captured_at FROM event_epc WHERE epc = $1 ORDER BY event_seq LIMIT $2",
        epc,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let place = Place::new("event_epc", row.event_seq);
            Ok(Occurrence {
                role: EpcRole::from_code(row.role).ok_or_else(|| place.fault("role", "unknown code"))?,
                event_seq: place.u64("event_seq", row.event_seq)?,
                captured_at: row.captured_at,
            })
        })
        .collect()
}
