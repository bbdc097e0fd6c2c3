//! Table `alert_forward`: alerts that other organisations must hear of, until their message is written.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::convert::{Place, column};
use crate::error::Error;

/// An alert for another organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertForward {
    /// The alert.
    pub alert_id: Uuid,
    /// Organisation that must hear of it.
    pub recipient: u32,
}

/// Adds them, in the transaction that raises the alerts.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn insert(conn: &mut PgConnection, forwards: &[AlertForward]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO alert_forward (alert_id, recipient) SELECT * FROM unnest($1::uuid[], $2::bigint[])
         ON CONFLICT ON CONSTRAINT alert_forward_pkey DO NOTHING",
        &column(forwards, |forward| forward.alert_id),
        &column(forwards, |forward| i64::from(forward.recipient)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes up to `limit` of them away: the caller writes their messages in the same transaction.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn take(conn: &mut PgConnection, limit: u32) -> Result<Vec<AlertForward>, Error> {
    let rows = sqlx::query!(
        "DELETE FROM alert_forward f USING (
             SELECT alert_id, recipient FROM alert_forward ORDER BY alert_id LIMIT $1 FOR UPDATE SKIP LOCKED
         ) t WHERE f.alert_id = t.alert_id AND f.recipient = t.recipient
         RETURNING f.alert_id, f.recipient",
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let recipient = u32::try_from(row.recipient).map_err(|_| {
                Place::new("alert_forward", row.alert_id).fault("recipient", "not an organisation")
            })?;
            Ok(AlertForward { alert_id: row.alert_id, recipient })
        })
        .collect()
}
