//! What authenticating a pack answers.

use serde::{Deserialize, Serialize};

use crate::PackState;

/// What a light at the counter shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Genuine and may be dispensed.
    Green,
    /// Not proven false, but may not be dispensed, or must be looked at.
    Amber,
    /// Must not be dispensed.
    Red,
}

/// What is known about a pack, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictCode {
    /// Commissioned by the product's owner, active, in date, not stopped; lot and expiry are those of the label.
    Genuine,
    /// Commissioned, active and not stopped, but lot or expiry date were not read from the label.
    IncompleteLabel,
    /// The directory knows no such product (NMVS_NC_PC_01): out of scope, or another market.
    UnknownProduct,
    /// The product's owner commissioned no such serial number (NMVS_NC_PC_02).
    UnknownSerial,
    /// No such serial number is known here, and the copy of the ledger here is out of date: it may have been commissioned
    /// since.
    UnconfirmedSerial,
    /// The lot is not the one that was commissioned with this serial number (NMVS_FE_LOT_13).
    LotMismatch,
    /// The expiry is not the one that was commissioned (NMVS_FE_LOT_12).
    ExpiryMismatch,
    /// The product was withdrawn.
    Withdrawn,
    /// The lot was recalled.
    Recalled,
    /// The pack left the supply chain or is held (NMVS_NC_PCK_22); the state says how.
    Inactive,
    /// Its date has passed.
    Expired,
}

impl VerdictCode {
    /// The verdict in one snake_case word, as in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictCode::Genuine => "genuine",
            VerdictCode::IncompleteLabel => "incomplete_label",
            VerdictCode::UnknownProduct => "unknown_product",
            VerdictCode::UnknownSerial => "unknown_serial",
            VerdictCode::UnconfirmedSerial => "unconfirmed_serial",
            VerdictCode::LotMismatch => "lot_mismatch",
            VerdictCode::ExpiryMismatch => "expiry_mismatch",
            VerdictCode::Withdrawn => "withdrawn",
            VerdictCode::Recalled => "recalled",
            VerdictCode::Inactive => "inactive",
            VerdictCode::Expired => "expired",
        }
    }

    /// What the light shows.
    pub fn colour(self) -> Colour {
        match self {
            VerdictCode::Genuine => Colour::Green,
            VerdictCode::UnknownProduct | VerdictCode::UnconfirmedSerial | VerdictCode::IncompleteLabel => {
                Colour::Amber
            }
            _ => Colour::Red,
        }
    }

    /// What a person at the counter is told.
    pub fn message(self) -> &'static str {
        match self {
            VerdictCode::Genuine => "Genuine, and may be dispensed.",
            VerdictCode::IncompleteLabel => {
                "The maker issued this serial number and the pack is active, but lot or expiry date was not read: it may be expired."
            }
            VerdictCode::UnknownProduct => "This product is not in the system.",
            VerdictCode::UnknownSerial => "The maker never issued this serial number.",
            VerdictCode::UnconfirmedSerial => {
                "This serial number is not known here, but what is known here is out of date: the maker may have issued it since."
            }
            VerdictCode::LotMismatch => "The lot on the label is not the lot of this serial number.",
            VerdictCode::ExpiryMismatch => {
                "The expiry date on the label is not the one of this serial number."
            }
            VerdictCode::Withdrawn => "The product was withdrawn from the market.",
            VerdictCode::Recalled => "The lot was recalled.",
            VerdictCode::Inactive => "This pack has left the supply chain or is held.",
            VerdictCode::Expired => "The expiry date has passed.",
        }
    }

    /// What to do next.
    pub fn next_action(self) -> &'static str {
        match self {
            VerdictCode::Genuine => "Dispense.",
            VerdictCode::IncompleteLabel => {
                "Scan the whole Data Matrix code, or type lot and expiry date as they are printed."
            }
            VerdictCode::UnknownProduct => {
                "Check that this product carries the safety feature; it may be out of scope."
            }
            VerdictCode::UnknownSerial | VerdictCode::LotMismatch | VerdictCode::ExpiryMismatch => {
                "Do not dispense. Scan again; if the answer stays, put the pack aside and call your supplier."
            }
            VerdictCode::UnconfirmedSerial => {
                "Do not dispense yet. Scan again once the service reaches the ledger; take another pack meanwhile."
            }
            VerdictCode::Withdrawn | VerdictCode::Recalled => {
                "Do not dispense. Put the pack aside for return."
            }
            VerdictCode::Inactive => {
                "Do not dispense. Put the pack aside and check whether it was scanned before."
            }
            VerdictCode::Expired => "Do not dispense. Put the pack aside for disposal.",
        }
    }
}

/// What the ledger says of a pack and everything above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The directory names an owner of the product.
    pub product_known: bool,
    /// The product is withdrawn.
    pub withdrawn: bool,
    /// The lot on the label, or the lot that is known, is recalled.
    pub recalled: bool,
    /// State of the pack, if its owner commissioned it.
    pub state: Option<PackState>,
}

/// What the label says, held against what was commissioned. `None`: the label, as read, did not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Label {
    /// The lot is the commissioned one.
    pub lot_matches: Option<bool>,
    /// The expiry is the commissioned one.
    pub expiry_matches: Option<bool>,
    /// The expiry has passed.
    pub expired: bool,
}

/// The answer to "is this pack genuine, and may it be dispensed?"
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub code: VerdictCode,
    /// State of the pack, if it exists.
    pub state: Option<PackState>,
}

impl Verdict {
    /// The same, told from a copy of the ledger that is out of date: what it does not have may be there by now. What it
    /// has stays as it is.
    #[must_use]
    pub fn outdated(self) -> Self {
        match self.code {
            VerdictCode::UnknownSerial => Verdict { code: VerdictCode::UnconfirmedSerial, ..self },
            _ => self,
        }
    }
}

/// Judges a pack from what the ledger and its label say.
///
/// What casts doubt on the pack itself comes first (unknown, mismatches), then what stops it (withdrawn,
/// recalled), then its own state, then its date. A label that did not say everything can be none of the worse things,
/// and is not enough for the best.
pub fn judge(standing: &Standing, label: &Label) -> Verdict {
    let code = match standing.state {
        _ if !standing.product_known => VerdictCode::UnknownProduct,
        None => VerdictCode::UnknownSerial,
        Some(_) if label.lot_matches == Some(false) => VerdictCode::LotMismatch,
        Some(_) if label.expiry_matches == Some(false) => VerdictCode::ExpiryMismatch,
        Some(_) if standing.withdrawn => VerdictCode::Withdrawn,
        Some(_) if standing.recalled => VerdictCode::Recalled,
        Some(state) if state != PackState::Active => VerdictCode::Inactive,
        Some(_) if label.expired => VerdictCode::Expired,
        Some(_) if label.lot_matches.is_none() || label.expiry_matches.is_none() => {
            VerdictCode::IncompleteLabel
        }
        Some(_) => VerdictCode::Genuine,
    };
    Verdict { code, state: standing.state }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Standing =
        Standing { product_known: true, withdrawn: false, recalled: false, state: Some(PackState::Active) };

    #[test]
    fn what_is_missing_from_an_old_copy_is_unconfirmed_and_the_rest_stays() {
        let judged = |state| judge(&Standing { state, ..GOOD }, &Label::default());
        let missing = judged(None);
        assert_eq!(missing.outdated(), Verdict { code: VerdictCode::UnconfirmedSerial, state: None });
        assert_eq!(missing.outdated().code.colour(), Colour::Amber);
        let dispensed = judged(Some(PackState::Supplied));
        assert_eq!(dispensed.outdated(), dispensed);
    }

    fn code(standing: Standing, label: Label) -> VerdictCode {
        judge(&standing, &label).code
    }

    #[test]
    fn every_verdict_has_one_cause() {
        let label = Label { lot_matches: Some(true), expiry_matches: Some(true), expired: false };
        let cases = [
            (GOOD, label, VerdictCode::Genuine),
            (GOOD, Label { lot_matches: None, ..label }, VerdictCode::IncompleteLabel),
            (GOOD, Label { expiry_matches: None, ..label }, VerdictCode::IncompleteLabel),
            (Standing { product_known: false, state: None, ..GOOD }, label, VerdictCode::UnknownProduct),
            (Standing { state: None, ..GOOD }, label, VerdictCode::UnknownSerial),
            (GOOD, Label { lot_matches: Some(false), ..label }, VerdictCode::LotMismatch),
            (GOOD, Label { expiry_matches: Some(false), ..label }, VerdictCode::ExpiryMismatch),
            (Standing { withdrawn: true, ..GOOD }, label, VerdictCode::Withdrawn),
            (Standing { recalled: true, ..GOOD }, label, VerdictCode::Recalled),
            (Standing { state: Some(PackState::Supplied), ..GOOD }, label, VerdictCode::Inactive),
            (GOOD, Label { expired: true, ..label }, VerdictCode::Expired),
        ];
        for (standing, label, expected) in cases {
            assert_eq!(code(standing, label), expected);
        }
    }

    #[test]
    fn only_genuine_is_green() {
        let green = |c: VerdictCode| c.colour() == Colour::Green;
        assert!(green(VerdictCode::Genuine));
        assert!(!green(VerdictCode::IncompleteLabel));
        assert!(!green(VerdictCode::UnknownProduct) && !green(VerdictCode::Inactive));
    }
}
