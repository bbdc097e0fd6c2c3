//! Alerts: raised at the site, told to the product's owner.

use epcis::{Document, Format, Limits};
use exchange::Message;
use gs1::{EpcKey, Gln, Gtin, Identifier, SerialNumber};
use ledger::{Hash, OrganisationId, PackIdentity};
use lifecycle::{Alert, Refusal};
use store::PgConnection;
use store::message_out::NewMessage;
use store::raised_alert::{self, RaisedAlert, level_code, level_of};
use uuid::Uuid;

use crate::error::Error;
use crate::limits::DELIVERIES_MAX;
use crate::time::at_ms;

/// Kind of an alert in `message_out` and `message_in`.
pub const KIND_ALERT: i16 = 4;

/// Raises the alert that the ledger's refusal of a change calls for, if it calls for one.
///
/// # Errors
/// [`Error::Store`].
pub async fn raise_refused(
    conn: &mut PgConnection,
    pack: &PackIdentity,
    issuer: OrganisationId,
    refusal: Refusal,
    (body, origin): (&str, OrganisationId),
    now_ms: u64,
) -> Result<(), Error> {
    let Some(alert) = Alert::of_refusal(refusal) else { return Ok(()) };
    let raised = RaisedAlert {
        id: Uuid::now_v7(),
        alert,
        pack: pack.clone(),
        issuer,
        site: site_of(body),
        message: refusal.to_string(),
        origin,
        at: at_ms(now_ms),
    };
    Ok(raised_alert::raise(conn, &[raised]).await?)
}

fn site_of(body: &str) -> Option<Gln> {
    let document = Document::parse(body.as_bytes(), Format::Json, &Limits::default()).ok()?;
    let event = document.events.first()?;
    let place = event.biz_location.as_ref().or(event.read_point.as_ref())?;
    match EpcKey::parse(&place.id).ok()?.into_id() {
        Identifier::Sgln { gln, .. } => Some(gln),
        _ => None,
    }
}

/// Writes the messages of alerts that others must hear of. Returns how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn queue_forwards(conn: &mut PgConnection, now_ms: u64) -> Result<usize, Error> {
    let forwards = store::alert_forward::take(conn, DELIVERIES_MAX).await?;
    let mut messages = Vec::with_capacity(forwards.len());
    for forward in &forwards {
        let Some(alert) = store::alert::find(conn, forward.alert_id).await? else { continue };
        let Some(message) = message_of(&alert) else { continue };
        let payload = message.encode().map_err(|cause| Error::State(cause.to_string()))?.to_vec();
        messages.push(NewMessage {
            // An alert goes to one owner, so its id may be the message's.
            id: alert.id,
            kind: KIND_ALERT,
            recipient: forward.recipient,
            payload,
            created_at: at_ms(now_ms),
        });
    }
    if !messages.is_empty() {
        store::message_out::insert(conn, &messages).await?;
    }
    Ok(messages.len())
}

fn message_of(alert: &store::alert::Alert) -> Option<Message> {
    let detail = match &alert.detail {
        store::JsonValue::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(Message::Alert(exchange::Alert {
        id: *alert.id.as_bytes(),
        code: alert.code.clone(),
        level: level_of(alert.level),
        raised_at: ms_of(alert.raised_at),
        record_key: Hash(alert.record_key?),
        gtin: Gtin::new(alert.gtin.as_deref()?).ok()?,
        serial: SerialNumber::new(alert.serial.as_deref()?).ok()?,
        lot: None,
        site_gln: Gln::new(alert.site_gln.as_deref()?).ok()?,
        detail: detail.chars().take(250).collect(),
    }))
}

/// Stores an alert of another organisation.
///
/// # Errors
/// [`Error::Store`].
pub async fn receive(
    conn: &mut PgConnection,
    from: OrganisationId,
    alert: &exchange::Alert,
) -> Result<(), Error> {
    let row = store::alert::Alert {
        id: Uuid::from_bytes(alert.id),
        code: alert.code.clone(),
        level: level_code(alert.level),
        raised_at: at_ms(alert.raised_at),
        record_key: Some(alert.record_key.0),
        gtin: Some(alert.gtin.as_str().to_owned()),
        serial: Some(alert.serial.as_str().to_owned()),
        site_gln: Some(alert.site_gln.as_str().to_owned()),
        detail: store::JsonValue::String(alert.detail.clone()),
        origin: from.0,
        state: store::alert::AlertState::Open,
    };
    store::alert::insert(conn, &[row]).await?;
    Ok(())
}

fn ms_of(at: time::OffsetDateTime) -> u64 {
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}
