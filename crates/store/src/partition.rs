//! Partitions of the tables that grow without end, made ahead of need.
//!
//! Call [`ensure_events`] at start and once a day, [`ensure_history`] at start and every million blocks. Nothing
//! breaks when neither is called: default partitions catch the rows, and the next call moves them.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::to_i64;
use crate::error::Error;

/// Makes the partitions of this month and of `months_ahead` more; returns how many were made.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn ensure_events(
    conn: &mut PgConnection,
    at: OffsetDateTime,
    months_ahead: u8,
) -> Result<u32, Error> {
    let made = sqlx::query_scalar!(
        r#"SELECT ensure_event_partitions($1, $2) AS "made!""#,
        at,
        i32::from(months_ahead),
    )
    .fetch_one(conn)
    .await?;
    Ok(made.unsigned_abs())
}

/// Makes the partitions of the status history around `height`; returns how many were made.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn ensure_history(conn: &mut PgConnection, height: u64) -> Result<u32, Error> {
    let made =
        sqlx::query_scalar!(r#"SELECT ensure_history_partitions($1) AS "made!""#, to_i64("height", height)?,)
            .fetch_one(conn)
            .await?;
    Ok(made.unsigned_abs())
}
