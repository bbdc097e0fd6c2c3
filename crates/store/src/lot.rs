//! Table `lot`: lots of this organisation's products.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use crate::convert::column;
use crate::error::Error;

/// A lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// GTIN-14.
    pub gtin: String,
    /// Lot number.
    pub lot: String,
    /// Expiry, resolved: day 00 is the month's end.
    pub expiry: Date,
    /// When it was made known here.
    pub created_at: OffsetDateTime,
}

/// Adds a lot.
///
/// # Errors
/// [`Error::Conflict`] on `lot_pkey`.
pub async fn insert(conn: &mut PgConnection, lot: &Lot) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO lot (gtin, lot, expiry, created_at) VALUES ($1, $2, $3, $4)",
        lot.gtin,
        lot.lot,
        lot.expiry,
        lot.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds the lots that are not known yet; those that are stay as they are.
///
/// # Errors
/// [`Error::Interrupted`] when two transactions wait for each other; the work is then done again.
pub async fn ensure(conn: &mut PgConnection, lots: &[Lot]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO lot (gtin, lot, expiry, created_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::timestamptz[]) AS r (gtin, lot, expiry, created_at)
         ORDER BY gtin, lot
         ON CONFLICT ON CONSTRAINT lot_pkey DO NOTHING",
        &column(lots, |lot| lot.gtin.as_str()) as &[&str],
        &column(lots, |lot| lot.lot.as_str()) as &[&str],
        &column(lots, |lot| lot.expiry),
        &column(lots, |lot| lot.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One lot.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, gtin: &str, lot: &str) -> Result<Option<Lot>, Error> {
    let found = sqlx::query_as!(
        Lot,
        "SELECT gtin, lot, expiry, created_at FROM lot WHERE gtin = $1 AND lot = $2",
        gtin,
        lot,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// The lots of a product after the lot number `after`, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(conn: &mut PgConnection, gtin: &str, after: &str, limit: u32) -> Result<Vec<Lot>, Error> {
    let found = sqlx::query_as!(
        Lot,
        "SELECT gtin, lot, expiry, created_at FROM lot WHERE gtin = $1 AND lot > $2 ORDER BY lot LIMIT $3",
        gtin,
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(found)
}
