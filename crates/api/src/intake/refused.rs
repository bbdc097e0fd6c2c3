//! Changes of packs that are refused at the site.

use capture::Rejection;
use ledger::{Hash, OrganisationId, PackIdentity};
use lifecycle::{Alert, Refusal, Transition};

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// By the rules, or by what is known of the pack.
    Rejection(Rejection),
    /// A change of the same pack by this organisation is on its way to the ledger.
    Pending(Transition),
    /// The pack's own commissioning is on its way to the ledger.
    NotFinal,
}

/// A change that is refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Its place among the changes of the event's meaning.
    pub change: usize,
    /// The pack.
    pub pack: PackIdentity,
    /// In whose space its record lives.
    pub issuer: OrganisationId,
    /// Its key on the ledger.
    pub record_key: Hash,
    /// What was asked.
    pub transition: Transition,
    /// JSON Pointer to the pack in the event.
    pub pointer: String,
    /// Why.
    pub reason: Reason,
}

impl Refused {
    /// The refusal in one snake_case word, as in the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.reason {
            Reason::Rejection(Rejection::Verdict(verdict)) => verdict.code.as_str(),
            Reason::Rejection(Rejection::Refused(refusal)) => refusal.as_str(),
            Reason::Pending(transition) if transition == self.transition => Refusal::AlreadyInState.as_str(),
            Reason::Pending(_) => "change_pending",
            Reason::NotFinal => "not_final",
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn message(&self) -> String {
        match self.reason {
            Reason::Rejection(rejection) => rejection.to_string(),
            Reason::Pending(transition) if transition == self.transition => {
                "this was done already and is on its way to the ledger".to_owned()
            }
            Reason::Pending(_) => "an earlier change of this pack is on its way to the ledger".to_owned(),
            Reason::NotFinal => "the pack's commissioning is on its way to the ledger".to_owned(),
        }
    }

    /// The alert that the refusal calls for, if it does.
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        match self.reason {
            Reason::Rejection(Rejection::Verdict(verdict)) => Alert::of_verdict(verdict.code),
            Reason::Rejection(Rejection::Refused(refusal)) => Alert::of_refusal(refusal),
            Reason::Pending(transition) if transition == self.transition => {
                Alert::of_refusal(Refusal::AlreadyInState)
            }
            Reason::Pending(_) | Reason::NotFinal => None,
        }
    }
}
