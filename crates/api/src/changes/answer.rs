//! What a client is told of its change.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use capture::Rejection;
use ledger::Height;
use lifecycle::{PackState, Refusal, Transition};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Wanted;
use crate::authenticate::state_after;
use crate::idempotency::Answer;
use crate::intake::{Reason, Refused};
use crate::openapi::texts::{PackStateWord, ResultWord};
use crate::problem::{AlertReference, Fault, Problem, ProblemType};
use crate::shared::Shared;

/// A change that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateChange {
    /// State of the pack after the change.
    #[schema(value_type = PackStateWord)]
    pub state: String,
    /// Whether every node has agreed. `false`: it is safe here and on its way; ask for the receipt of the event, or
    /// repeat the request with the same Idempotency-Key.
    pub r#final: bool,
    /// `accepted`, or `pending` while the ledger has not decided.
    #[schema(value_type = ResultWord)]
    pub result: String,
    /// Identifier of the EPCIS event that records it.
    pub event_id: String,
    /// Height of the block that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
}

impl StateChange {
    /// Decided, and accepted.
    pub(super) fn done(shared: &Shared, wanted: &Wanted, event_id: &str, height: Height) -> Self {
        let (result, block) = ("accepted".to_owned(), Some(height.0));
        Self { r#final: true, result, block, ..Self::pending(shared, wanted, event_id) }
    }

    /// On its way.
    pub(super) fn pending(shared: &Shared, wanted: &Wanted, event_id: &str) -> Self {
        let state = shared.view().map_or(PackState::Active, |view| {
            state_after(view.directory.rules(), before(wanted.transition), wanted.transition)
        });
        Self {
            state: state.as_str().to_owned(),
            r#final: false,
            result: "pending".to_owned(),
            event_id: event_id.to_owned(),
            block: None,
        }
    }

    pub(super) fn respond(&self) -> Result<HttpResponse, Problem> {
        Ok(Answer::json(StatusCode::OK, self)?.respond())
    }
}

/// A state from which the change is made: the rules lead from any of them to the same one.
fn before(transition: Transition) -> PackState {
    match transition {
        Transition::Unlock => PackState::Locked,
        _ => PackState::Active,
    }
}

/// The eventID of a change that an earlier answer says was taken; none when it was refused.
pub(super) fn taken(answer: &Answer) -> Option<String> {
    if answer.status() != StatusCode::OK.as_u16() {
        return None;
    }
    serde_json::from_slice::<StateChange>(answer.body()).ok().map(|change| change.event_id)
}

/// The site refuses.
pub(super) fn refused_here(wanted: &Wanted, refused: &Refused, alert: Option<AlertReference>) -> Problem {
    let next_action = match refused.reason {
        Reason::Rejection(Rejection::Verdict(verdict)) => verdict.code.next_action(),
        Reason::Rejection(Rejection::Refused(refusal)) => next_action(refusal),
        Reason::Pending(_) | Reason::NotFinal => {
            "Wait a moment, then look at the pack again before anything else."
        }
    };
    problem(wanted, (refused.code(), &refused.message()), next_action, alert)
}

/// The ledger refuses what the site had let pass.
pub(super) fn refused_by_ledger(wanted: &Wanted, refusal: Refusal, alert: Option<AlertReference>) -> Problem {
    let alert = alert.filter(|_| lifecycle::Alert::of_refusal(refusal).is_some());
    problem(wanted, (refusal.as_str(), &refusal.to_string()), next_action(refusal), alert)
}

fn problem(
    wanted: &Wanted,
    (code, message): (&str, &str),
    next_action: &str,
    alert: Option<AlertReference>,
) -> Problem {
    let fault = Fault::new(code, message).at(wanted.label.pointer);
    let problem =
        Problem::new(ProblemType::StateConflict).detail(message).with_fault(fault).next_action(next_action);
    match alert {
        Some(alert) => problem.alert(alert),
        None => problem,
    }
}

fn next_action(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::UnknownPack => {
            "Do not dispense. Scan again; if the answer stays, put the pack aside and call your supplier."
        }
        Refusal::AlreadyInState | Refusal::WrongState => {
            "Do not dispense. Put the pack aside and check whether it was scanned before."
        }
        Refusal::UndoWindow | Refusal::UndoSite => "Do not put the pack back into stock.",
        Refusal::Role => "Ask an organisation that may do this.",
        Refusal::Time => "Correct the clock of the machine that the service runs on.",
        Refusal::Recheck | Refusal::Version | Refusal::Possession => "Scan the pack again.",
        _ => "Put the pack aside and look at its history before anything else.",
    }
}
