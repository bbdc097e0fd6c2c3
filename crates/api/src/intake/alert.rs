//! The alert that a refused change calls for.

use gs1::Gln;
use store::raised_alert::RaisedAlert;

use super::{Knowledge, Refused};
use crate::clock::moment;
use crate::entropy::Entropy;

/// The alert of a change that was refused at `site`. `None` when the refusal says nothing of the pack.
#[must_use]
pub fn alert_of(
    refused: &Refused,
    site: Option<&Gln>,
    knowledge: &Knowledge,
    entropy: &Entropy,
) -> Option<RaisedAlert> {
    Some(RaisedAlert {
        id: entropy.uuid_v7(knowledge.now_ms),
        alert: refused.alert()?,
        pack: refused.pack.clone(),
        issuer: refused.issuer,
        site: site.copied(),
        message: refused.message(),
        origin: knowledge.organisation,
        at: moment(knowledge.now_ms),
    })
}
