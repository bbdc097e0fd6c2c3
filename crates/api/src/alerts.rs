//! Raising alerts: stored at the site, and told to the owner of the product.

use gs1::Gln;
use ledger::{OrganisationId, PackIdentity};
use lifecycle::{Alert, AlertLevel};
use store::PgConnection;
use store::alert::AlertState;
use store::alert_forward::AlertForward;
use uuid::Uuid;

use crate::clock::moment;
use crate::intake::level_code;
use crate::problem::{AlertReference, Problem};

/// An alert to be raised.
pub struct RaisedAlert {
    /// Its id.
    pub id: Uuid,
    /// Code and level.
    pub alert: Alert,
    /// The pack.
    pub pack: PackIdentity,
    /// Owner of the product, who must hear of it.
    pub issuer: OrganisationId,
    /// Where it arose; without a site nobody else is told.
    pub site: Option<Gln>,
    /// What happened, for a person.
    pub message: String,
    /// The organisation at whose site it arose.
    pub origin: OrganisationId,
    /// When, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl RaisedAlert {
    /// How an answer names it.
    #[must_use]
    pub fn reference(&self) -> AlertReference {
        AlertReference { id: self.id.to_string(), code: self.alert.code.as_str().to_owned() }
    }

    /// Whether the owner of the product must hear of it: potential falsifications do not stay at the site.
    fn is_told(&self) -> bool {
        let grave = self.alert.level == AlertLevel::PotentialFalsification;
        grave && self.issuer != self.origin && self.site.is_some()
    }

    fn row(&self) -> store::alert::Alert {
        store::alert::Alert {
            id: self.id,
            code: self.alert.code.as_str().to_owned(),
            level: level_code(self.alert.level),
            raised_at: moment(self.at_ms),
            record_key: Some(self.pack.record_key(self.issuer).0),
            gtin: Some(self.pack.gtin.as_str().to_owned()),
            serial: Some(self.pack.serial.as_str().to_owned()),
            site_gln: self.site.map(|site| site.as_str().to_owned()),
            detail: store::JsonValue::String(self.message.clone()),
            origin: self.origin.0,
            state: AlertState::Open,
        }
    }
}

/// Stores alerts, and that their owners must hear of them, in the caller's transaction.
///
/// # Errors
/// What the store fails with.
pub async fn raise(conn: &mut PgConnection, alerts: &[RaisedAlert]) -> Result<(), Problem> {
    if alerts.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = alerts.iter().map(RaisedAlert::row).collect();
    store::alert::insert(conn, &rows).await?;
    let told = alerts.iter().filter(|alert| alert.is_told());
    let forwards: Vec<_> =
        told.map(|alert| AlertForward { alert_id: alert.id, recipient: alert.issuer.0 }).collect();
    if !forwards.is_empty() {
        store::alert_forward::insert(conn, &forwards).await?;
    }
    Ok(())
}
