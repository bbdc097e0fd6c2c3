//! What an organisation is to the supply chain.

use serde::{Deserialize, Serialize};

use crate::UnknownCode;

/// The part a trading partner or authority plays; it decides which transitions it may make.
///
/// Source: Delegated Regulation (EU) 2016/161 Art. 2, 20 to 25; DSCSA sec. 581 ("trading partner").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Holder of the marketing authorisation, or who makes and serialises for it (EMVS: OBP).
    Manufacturer,
    /// Wholesaler or distributor.
    Distributor,
    /// Pharmacy or other institution that supplies to the public.
    Pharmacy,
    /// National competent authority.
    Regulator,
}

impl Role {
    /// Every role, in code order.
    pub const ALL: [Role; 4] = [Role::Manufacturer, Role::Distributor, Role::Pharmacy, Role::Regulator];

    /// The role's byte on the ledger.
    pub fn code(self) -> u8 {
        self as u8 + 1
    }

    /// The role with this byte.
    pub fn from_code(value: u8) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|role| role.code() == value).ok_or(UnknownCode { kind: "role", value })
    }

    /// The role's bit in a set of roles (see [`crate::MatrixRow::roles`]).
    pub fn bit(self) -> u8 {
        1 << (self as u8)
    }

    /// The role in one lower-case word, as in configuration and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Manufacturer => "manufacturer",
            Role::Distributor => "distributor",
            Role::Pharmacy => "pharmacy",
            Role::Regulator => "regulator",
        }
    }
}
