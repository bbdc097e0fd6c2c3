//! What can be done to a pack.

use serde::{Deserialize, Serialize};

use crate::UnknownCode;

/// A change of a pack's state that an organisation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// Bring a serialised pack into being.
    Commission,
    /// Supply to a patient (EMVS: dispense).
    Dispense,
    /// Take as a sample for an authority.
    Sample,
    /// Give away as a free medical sample.
    FreeSample,
    /// Export out of the market.
    Export,
    /// Destroy.
    Destroy,
    /// Report as stolen.
    ReportStolen,
    /// Quarantine.
    Lock,
    /// Release from quarantine.
    Unlock,
    /// Check out to be repacked.
    CheckOut,
    /// Take back the pack's last change (EMVS: undo, reactivate).
    Undo,
}

impl Transition {
    /// Every transition, in code order.
    pub const ALL: [Transition; 11] = [
        Transition::Commission,
        Transition::Dispense,
        Transition::Sample,
        Transition::FreeSample,
        Transition::Export,
        Transition::Destroy,
        Transition::ReportStolen,
        Transition::Lock,
        Transition::Unlock,
        Transition::CheckOut,
        Transition::Undo,
    ];

    /// The transition's byte on the ledger.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The transition with this byte.
    pub fn from_code(value: u8) -> Result<Self, UnknownCode> {
        Self::ALL
            .into_iter()
            .find(|transition| transition.code() == value)
            .ok_or(UnknownCode { kind: "transition", value })
    }

    /// The transition in one lower-case word, as in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Transition::Commission => "commission",
            Transition::Dispense => "dispense",
            Transition::Sample => "sample",
            Transition::FreeSample => "free_sample",
            Transition::Export => "export",
            Transition::Destroy => "destroy",
            Transition::ReportStolen => "report_stolen",
            Transition::Lock => "lock",
            Transition::Unlock => "unlock",
            Transition::CheckOut => "check_out",
            Transition::Undo => "undo",
        }
    }
}
