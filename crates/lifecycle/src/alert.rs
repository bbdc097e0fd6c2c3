//! Which refusals are alerts, under which code.

use serde::{Deserialize, Serialize};

use crate::{Refusal, VerdictCode};

/// Alert codes of the EU hub.
///
/// Source: EMVO and national verification organisations' public code lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AlertCode {
    /// Lot not found.
    A2,
    /// Serial number unknown.
    A3,
    /// Pack already in the state asked for.
    A7,
    /// Status change could not be performed.
    A24,
    /// Expiry does not match.
    A52,
    /// Lot does not match the serial number.
    A68,
}

impl AlertCode {
    /// The code as printed.
    pub fn as_str(self) -> &'static str {
        match self {
            AlertCode::A2 => "A2",
            AlertCode::A3 => "A3",
            AlertCode::A7 => "A7",
            AlertCode::A24 => "A24",
            AlertCode::A52 => "A52",
            AlertCode::A68 => "A68",
        }
    }

    /// The code printed so.
    pub fn parse(text: &str) -> Option<Self> {
        let all =
            [AlertCode::A2, AlertCode::A3, AlertCode::A7, AlertCode::A24, AlertCode::A52, AlertCode::A68];
        all.into_iter().find(|code| code.as_str() == text)
    }

    /// The code's byte between services.
    pub fn code(self) -> u8 {
        match self {
            AlertCode::A2 => 2,
            AlertCode::A3 => 3,
            AlertCode::A7 => 7,
            AlertCode::A24 => 24,
            AlertCode::A52 => 52,
            AlertCode::A68 => 68,
        }
    }
}

/// How grave an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Technical or procedural exception; stays at the site (EMVS levels 1 to 4).
    Exception,
    /// Potential falsification; goes to the owner (EMVS level 5).
    PotentialFalsification,
}

/// An alert that a refusal or a verdict calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Under which code.
    pub code: AlertCode,
    /// How grave.
    pub level: AlertLevel,
}

impl Alert {
    const fn grave(code: AlertCode) -> Option<Alert> {
        Some(Alert { code, level: AlertLevel::PotentialFalsification })
    }

    /// The alert that an attempted change of state calls for when it is refused.
    ///
    /// None where the pack is inactive only because its lot or product was stopped or its date has passed, and
    /// none for what says nothing of the pack (clock, role, a race that is simply repeated).
    pub fn of_refusal(refusal: Refusal) -> Option<Alert> {
        match refusal {
            Refusal::UnknownPack => Self::grave(AlertCode::A3),
            Refusal::AlreadyInState => Self::grave(AlertCode::A7),
            Refusal::WrongState | Refusal::Version | Refusal::Possession => Self::grave(AlertCode::A24),
            Refusal::UndoWindow | Refusal::UndoSite => {
                Some(Alert { code: AlertCode::A24, level: AlertLevel::Exception })
            }
            _ => None,
        }
    }

    /// The alert that authenticating a pack calls for.
    pub fn of_verdict(verdict: VerdictCode) -> Option<Alert> {
        match verdict {
            VerdictCode::UnknownSerial => Self::grave(AlertCode::A3),
            VerdictCode::LotMismatch => Self::grave(AlertCode::A68),
            VerdictCode::ExpiryMismatch => Self::grave(AlertCode::A52),
            _ => None,
        }
    }
}
