//! The states of a pack.

use serde::{Deserialize, Serialize};

use crate::UnknownCode;

/// State of one pack, in the words of the EMVS.
///
/// What holds for its lot or product (recalled, withdrawn) and for its date (expired) is not a state of the
/// pack: it is reported over it (see [`crate::verdict`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackState {
    /// Commissioned and in the supply chain.
    Active,
    /// Dispensed to a patient.
    Supplied,
    /// Taken by an authority as a sample.
    Sample,
    /// Given away as a free medical sample.
    FreeSample,
    /// Sent outside the market the system covers.
    Exported,
    /// Destroyed.
    Destroyed,
    /// Reported stolen.
    Stolen,
    /// Held in quarantine.
    Locked,
    /// Checked out by a parallel distributor to be repacked.
    CheckedOut,
}

impl PackState {
    /// Every state, in code order.
    pub const ALL: [PackState; 9] = [
        PackState::Active,
        PackState::Supplied,
        PackState::Sample,
        PackState::FreeSample,
        PackState::Exported,
        PackState::Destroyed,
        PackState::Stolen,
        PackState::Locked,
        PackState::CheckedOut,
    ];

    /// The state's byte on the ledger.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The state with this byte.
    pub fn from_code(value: u8) -> Result<Self, UnknownCode> {
        Self::ALL
            .into_iter()
            .find(|state| state.code() == value)
            .ok_or(UnknownCode { kind: "pack state", value })
    }

    /// The state in one lower-case word, as in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            PackState::Active => "active",
            PackState::Supplied => "supplied",
            PackState::Sample => "sample",
            PackState::FreeSample => "free_sample",
            PackState::Exported => "exported",
            PackState::Destroyed => "destroyed",
            PackState::Stolen => "stolen",
            PackState::Locked => "locked",
            PackState::CheckedOut => "checked_out",
        }
    }
}
