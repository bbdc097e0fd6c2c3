//! The EPCIS event that a change of state is recorded as.

use capture::{CustodyMove, Meaning, PackChange};
use epcis::{Event, Occasion, Offset, Timestamp};
use gs1::{EpcKey, Gln, Identifier, Sgtin};
use lifecycle::Transition;
use sha3::{Digest as _, Sha3_256};
use uuid::Uuid;

use super::Wanted;
use crate::entropy::Entropy;
use crate::intake::{Knowledge, Prepared};
use crate::problem::Problem;

/// Prepares the event of a change, to be stored whole or not at all.
pub(super) fn prepare(
    wanted: &Wanted,
    event_id: &str,
    knowledge: &Knowledge,
    entropy: &Entropy,
) -> Result<Prepared, Problem> {
    let subject = &wanted.label.subject;
    let sgtin = Sgtin::new(subject.pack.gtin, subject.pack.serial.clone());
    let path = sgtin.path();
    let uri = EpcKey::from(Identifier::Sgtin(sgtin)).digital_link();
    let event = recorded(wanted.transition, occasion(event_id, &wanted.site, knowledge.now_ms)?, vec![uri]);
    let change = PackChange {
        pack: subject.pack.clone(),
        issuer: wanted.issuer,
        transition: wanted.transition,
        label: None,
        pointer: "/epcList/0".to_owned(),
    };
    let moves =
        if ends(wanted.transition) { vec![CustodyMove::End { items: vec![path] }] } else { Vec::new() };
    let meaning = Meaning { changes: vec![change], moves, site: Some(wanted.site) };
    let prepared = Prepared::new(event, meaning, knowledge, entropy)?;
    Ok(prepared.with_subjects(vec![subject.clone()]).whole())
}

/// Identity, time and place of an event at one of our sites.
///
/// # Errors
/// `internal` for a time that no calendar has.
pub fn occasion(event_id: &str, site: &Gln, now_ms: u64) -> Result<Occasion, Problem> {
    let now_ms = i64::try_from(now_ms).map_err(Problem::internal)?;
    let (time, zone) = (Timestamp::from_unix_millis(now_ms), Offset::parse("+00:00"));
    let (Some(event_time), Some(event_time_zone_offset)) = (time, zone) else {
        return Err(Problem::internal("the clock is outside the calendar"));
    };
    Ok(Occasion { event_id: event_id.to_owned(), event_time, event_time_zone_offset, place: place(site) })
}

/// The URI of a site.
#[must_use]
pub fn place(site: &Gln) -> String {
    EpcKey::from(Identifier::Sgln { gln: *site, extension: None }).digital_link()
}

/// Whether the pack leaves the supply chain.
fn ends(transition: Transition) -> bool {
    !matches!(transition, Transition::Lock | Transition::Unlock | Transition::Undo)
}

/// The event in the words of the Core Business Vocabulary. What EPCIS has no word for is taking out of use
/// (`decommissioning`), holding back (`holding`) or putting back (`storing`).
fn recorded(transition: Transition, occasion: Occasion, epcs: Vec<String>) -> Event {
    let (step, disposition) = match transition {
        Transition::Dispense => return Event::dispensing(occasion, epcs),
        Transition::Destroy => return Event::destroying(occasion, epcs),
        Transition::Sample | Transition::FreeSample => ("sampling", "inactive"),
        Transition::ReportStolen => ("decommissioning", "stolen"),
        Transition::Lock => ("holding", "non_sellable_other"),
        Transition::Unlock | Transition::Undo => ("storing", "sellable_accessible"),
        Transition::Commission | Transition::Export | Transition::CheckOut => ("decommissioning", "inactive"),
    };
    let mut event = Event::dispensing(occasion, epcs);
    event.biz_step = Some(step.to_owned());
    event.disposition = Some(disposition.to_owned());
    event
}

/// The eventID under which a change is asked again: it follows from the first.
pub(super) fn again(event_id: &str) -> String {
    let hash: [u8; 32] = Sha3_256::digest(event_id.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    format!("urn:uuid:{}", uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A fresh eventID.
#[must_use]
pub fn event_id(id: Uuid) -> String {
    format!("urn:uuid:{id}")
}
