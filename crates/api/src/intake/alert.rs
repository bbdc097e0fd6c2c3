//! The alert that a refused change calls for.

use gs1::Gln;
use lifecycle::Refusal;
use store::raised_alert::RaisedAlert;

use super::{Knowledge, Refused};
use crate::clock::moment;
use crate::entropy::Entropy;

/// The alert of a change that was refused at `site`. `None` when the refusal says nothing of the pack, or only that it is
/// not known to a service whose copy of the ledger is out of date.
#[must_use]
pub fn alert_of(
    refused: &Refused,
    site: Option<&Gln>,
    knowledge: &Knowledge,
    entropy: &Entropy,
) -> Option<RaisedAlert> {
    if knowledge.outdated && refused.code() == Refusal::UnknownPack.as_str() {
        return None;
    }
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
