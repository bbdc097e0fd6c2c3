//! What a job tells of its faults: problem documents, one an event. They hold codes and places, never bodies.

use store::JsonValue;
use store::raised_alert::RaisedAlert;

use super::page::{Page, Prefix};
use crate::entropy::Entropy;
use crate::intake::{Outcome, Refused, Stored, alert_of};
use crate::limits::JOB_ERRORS_MAX;
use crate::problem::{Fault, Problem, ProblemType};

/// A problem of one event.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub place: u64,
    pub document: JsonValue,
}

/// A problem as a job keeps it.
pub(super) fn entry(problem: &Problem) -> Result<JsonValue, Problem> {
    serde_json::to_value(problem.document()).map_err(Problem::internal)
}

/// An event that was not understood. `faults` point from the event's root.
pub(super) fn faulty(prefix: Prefix, place: u64, faults: Vec<Fault>) -> Result<Entry, Problem> {
    let event = prefix.pointer(place);
    let faults = faults.into_iter().map(|fault| within(&event, fault)).collect();
    let problem = Problem::invalid(faults);
    let problem = if problem.kind() == ProblemType::InvalidField {
        Problem::new(ProblemType::EpcisValidation).with_faults(problem.faults().iter().cloned())
    } else {
        problem
    };
    Ok(Entry { place, document: entry(&problem)? })
}

/// Faults of the reader already point from the document's root.
fn within(event: &str, mut fault: Fault) -> Fault {
    let pointer = fault.pointer.take().unwrap_or_default();
    let whole = if pointer.starts_with("/epcisBody") { pointer } else { format!("{event}{pointer}") };
    fault.pointer = Some(whole);
    fault
}

/// What the storing of a page brought up besides the faults the page came with.
pub(super) fn of_page(
    page: &Page,
    stored: &[Stored],
    entropy: &Entropy,
) -> Result<(Vec<Entry>, Vec<RaisedAlert>), Problem> {
    let (mut entries, mut alerts) = (page.faults.clone(), Vec::new());
    for ((place, event), stored) in page.places.iter().zip(&page.events).zip(stored) {
        if stored.outcome == Outcome::Conflict {
            let fault = Fault::new("event-id", "another event was captured under this eventID");
            let fault = within(&page.prefix.pointer(*place), fault.at("/eventID"));
            let problem = Problem::new(ProblemType::EpcisResourceAlreadyExists).with_fault(fault);
            entries.push(Entry { place: *place, document: entry(&problem)? });
        }
        if !stored.refused.is_empty() {
            entries.push(refused(page.prefix, *place, &stored.refused)?);
        }
        let site = event.meaning().site.as_ref();
        alerts.extend(stored.refused.iter().filter_map(|one| alert_of(one, site, &page.knowledge, entropy)));
    }
    entries.sort_by_key(|entry| entry.place);
    Ok((entries, alerts))
}

fn refused(prefix: Prefix, place: u64, refused: &[Refused]) -> Result<Entry, Problem> {
    let event = prefix.pointer(place);
    let faults = refused
        .iter()
        .map(|one| within(&event, Fault::new(one.code(), one.message()).at(one.pointer.as_str())));
    let problem = Problem::new(ProblemType::StateConflict).with_faults(faults);
    Ok(Entry { place, document: entry(&problem)? })
}

/// The array that a job's row takes: as many entries as it has room for.
pub(super) fn array(entries: &[Entry], listed: &JsonValue) -> JsonValue {
    let listed = listed.as_array().map_or(0, Vec::len);
    let room = JOB_ERRORS_MAX.saturating_sub(listed);
    JsonValue::Array(entries.iter().take(room).map(|entry| entry.document.clone()).collect())
}
