//! Alerts as answers name them. [`store::raised_alert`] makes and stores them.

use store::raised_alert::RaisedAlert;

use crate::problem::AlertReference;

/// How an answer names an alert.
#[must_use]
pub fn reference(alert: &RaisedAlert) -> AlertReference {
    AlertReference { id: alert.id.to_string(), code: alert.alert.code.as_str().to_owned() }
}
