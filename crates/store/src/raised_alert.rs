//! Alerts about packs as they are raised: what is stored at the site, and who else must hear of it. The one place that
//! makes rows of them, for all who raise one.

use gs1::Gln;
use ledger::{OrganisationId, PackIdentity};
use lifecycle::AlertLevel;
use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::alert::{self, Alert, AlertState};
use crate::alert_forward::{self, AlertForward};
use crate::error::Error;

/// An alert that is raised at one of this organisation's sites.
#[derive(Debug, Clone)]
pub struct RaisedAlert {
    /// Its id.
    pub id: Uuid,
    /// Code and level.
    pub alert: lifecycle::Alert,
    /// The pack.
    pub pack: PackIdentity,
    /// Owner of the product.
    pub issuer: OrganisationId,
    /// Where it arose; without a site nobody else is told, because nobody could look there.
    pub site: Option<Gln>,
    /// What happened, for a person.
    pub message: String,
    /// This organisation.
    pub origin: OrganisationId,
    /// When.
    pub at: OffsetDateTime,
}

impl RaisedAlert {
    /// The owner of the product, where it must hear of the alert: potential falsifications do not stay at the site.
    fn told(&self) -> Option<OrganisationId> {
        let grave = self.alert.level == AlertLevel::PotentialFalsification;
        (grave && self.issuer != self.origin && self.site.is_some()).then_some(self.issuer)
    }

    fn row(&self) -> Alert {
        Alert {
            id: self.id,
            code: self.alert.code.as_str().to_owned(),
            level: level_code(self.alert.level),
            raised_at: self.at,
            record_key: Some(self.pack.record_key(self.issuer).0),
            gtin: Some(self.pack.gtin.as_str().to_owned()),
            serial: Some(self.pack.serial.as_str().to_owned()),
            site_gln: self.site.map(|site| site.as_str().to_owned()),
            detail: JsonValue::String(self.message.clone()),
            origin: self.origin.0,
            state: AlertState::Open,
        }
    }
}

/// Stores alerts, and that their owners must hear of them, in the caller's transaction.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn raise(conn: &mut PgConnection, alerts: &[RaisedAlert]) -> Result<(), Error> {
    if alerts.is_empty() {
        return Ok(());
    }
    let rows: Vec<Alert> = alerts.iter().map(RaisedAlert::row).collect();
    alert::insert(conn, &rows).await?;
    let forward = |alert: &RaisedAlert| Some(AlertForward { alert_id: alert.id, recipient: alert.told()?.0 });
    let forwards: Vec<AlertForward> = alerts.iter().filter_map(forward).collect();
    if !forwards.is_empty() {
        alert_forward::insert(conn, &forwards).await?;
    }
    Ok(())
}

/// Code of a level in column `alert.level` (the EMVS levels: 5 is a potential falsification).
#[must_use]
pub fn level_code(level: AlertLevel) -> i16 {
    match level {
        AlertLevel::Exception => 1,
        AlertLevel::PotentialFalsification => 5,
    }
}

/// The level of a code in column `alert.level`.
#[must_use]
pub fn level_of(code: i16) -> AlertLevel {
    if code >= level_code(AlertLevel::PotentialFalsification) {
        AlertLevel::PotentialFalsification
    } else {
        AlertLevel::Exception
    }
}
