//! Table `alert_action`: who did what about an alert.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::alert::AlertState;
use crate::convert::{Place, stored_enum};
use crate::error::Error;

stored_enum! {
    /// Why an alert was closed.
    CloseReason {
        /// A pack that should not exist: told to the authorities.
        Falsification = 1,
        /// The pack is genuine; a handling error at a site raised the alert.
        Handling = 2,
        /// The pack is genuine; a technical fault raised the alert: a scanner, software, a clock.
        Technical = 3,
        /// The pack is genuine; its data were late or wrong.
        Data = 4,
        /// The same as another alert.
        Duplicate = 5,
    }
}

/// Something that was done about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertAction {
    /// The alert.
    pub alert_id: Uuid,
    /// 1, 2, ... within the alert.
    pub number: u32,
    /// The alert's state afterwards.
    pub state: AlertState,
    /// When.
    pub at: OffsetDateTime,
    /// Which client did it.
    pub client_id: Uuid,
    /// What the client was called.
    pub client_name: String,
    /// Why it was closed.
    pub reason: Option<CloseReason>,
    /// In words.
    pub note: Option<String>,
}

struct Row {
    alert_id: Uuid,
    number: i32,
    state: i16,
    at: OffsetDateTime,
    client_id: Uuid,
    client_name: String,
    reason: Option<i16>,
    note: Option<String>,
}

impl TryFrom<Row> for AlertAction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let place = Place::new("alert_action", row.alert_id);
        let reason = row
            .reason
            .map(|code| CloseReason::from_code(code).ok_or_else(|| place.fault("reason", "unknown code")));
        Ok(AlertAction {
            number: place.u32("number", i64::from(row.number))?,
            state: AlertState::from_code(row.state).ok_or_else(|| place.fault("state", "unknown code"))?,
            reason: reason.transpose()?,
            alert_id: row.alert_id,
            at: row.at,
            client_id: row.client_id,
            client_name: row.client_name,
            note: row.note,
        })
    }
}

/// What is to be done about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAction<'a> {
    /// The alert's state afterwards.
    pub state: AlertState,
    /// When.
    pub at: OffsetDateTime,
    /// Which client does it; its name is taken from table `api_client`.
    pub client_id: Uuid,
    /// Why it is closed; only then.
    pub reason: Option<CloseReason>,
    /// In words.
    pub note: Option<&'a str>,
}

/// Does something about an alert, which the caller has locked by [`crate::alert::lock`]: adds the action, and gives the
/// alert its state.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `alert_action`, or for a client that is not known.
pub async fn insert(conn: &mut PgConnection, alert_id: Uuid, action: &NewAction<'_>) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO alert_action (alert_id, number, state, at, client_id, client_name, reason, note)
         SELECT $1, (SELECT count(*) + 1 FROM alert_action WHERE alert_id = $1)::integer, $2, $3, c.id, c.name, $5, $6
         FROM api_client c WHERE c.id = $4",
        alert_id,
        action.state.code(),
        action.at,
        action.client_id,
        action.reason.map(CloseReason::code),
        action.note,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("UPDATE alert SET state = $2 WHERE id = $1", alert_id, action.state.code())
        .execute(conn)
        .await?;
    Ok(())
}

/// What was done about these alerts, in order of alert and time.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn of_alerts(conn: &mut PgConnection, alerts: &[Uuid]) -> Result<Vec<AlertAction>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT alert_id, number, state, at, client_id, client_name, reason, note FROM alert_action
         WHERE alert_id = ANY ($1) ORDER BY alert_id, number",
        alerts,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(AlertAction::try_from).collect()
}
