//! The alert that a refused change calls for.

use gs1::Gln;
use lifecycle::AlertLevel;
use store::alert::{Alert, AlertState};
use store::alert_forward::AlertForward;

use super::{Knowledge, Refused};
use crate::clock::moment;
use crate::entropy::Entropy;

/// The alert of a refused change, and to whom it must be told: the product's owner, when that is another organisation
/// and the pack may be a falsified one. `None` when the refusal says nothing of the pack.
#[must_use]
pub fn alert_of(
    refused: &Refused,
    site: Option<&Gln>,
    knowledge: &Knowledge,
    entropy: &Entropy,
) -> Option<(Alert, Option<AlertForward>)> {
    let alert = refused.alert()?;
    let id = entropy.uuid_v7(knowledge.now_ms);
    let row = Alert {
        id,
        code: alert.code.as_str().to_owned(),
        level: level_code(alert.level),
        raised_at: moment(knowledge.now_ms),
        record_key: Some(refused.record_key.0),
        gtin: Some(refused.pack.gtin.as_str().to_owned()),
        serial: Some(refused.pack.serial.as_str().to_owned()),
        site_gln: site.map(|gln| gln.as_str().to_owned()),
        detail: store::JsonValue::String(refused.message()),
        origin: knowledge.organisation.0,
        state: AlertState::Open,
    };
    let grave = alert.level == AlertLevel::PotentialFalsification;
    let forward = (grave && refused.issuer != knowledge.organisation && site.is_some())
        .then_some(AlertForward { alert_id: id, recipient: refused.issuer.0 });
    Some((row, forward))
}

/// Code of a level in the database (the EMVS levels: 5 is a potential falsification).
#[must_use]
pub fn level_code(level: AlertLevel) -> i16 {
    match level {
        AlertLevel::Exception => 1,
        AlertLevel::PotentialFalsification => 5,
    }
}
