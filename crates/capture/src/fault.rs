//! Why an event means nothing here.

/// Faults named for one event; what comes after is not looked at.
pub const FAULTS_MAX: usize = 100;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultCode {
    /// Text that is no EPC, Digital Link, or has a wrong check digit.
    Identifier,
    /// The directory knows no such product.
    UnknownProduct,
    /// The product, or the site, is another organisation's.
    NotOwner,
    /// The product is withdrawn, or the lot recalled.
    Stopped,
    /// Commissioning without a lot number.
    MissingLot,
    /// Commissioning without an expiry date.
    MissingExpiry,
    /// A value that is no lot number or date.
    IlmdValue,
    /// Nobody in the directory has the destination.
    UnknownDestination,
    /// The event names no place of which this organisation is known.
    MissingSite,
    /// The business step needs another action.
    Action,
}

impl FaultCode {
    /// The fault in one snake_case word, as in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultCode::Identifier => "identifier",
            FaultCode::UnknownProduct => "unknown_product",
            FaultCode::NotOwner => "not_owner",
            FaultCode::Stopped => "stopped",
            FaultCode::MissingLot => "missing_lot",
            FaultCode::MissingExpiry => "missing_expiry",
            FaultCode::IlmdValue => "ilmd_value",
            FaultCode::UnknownDestination => "unknown_destination",
            FaultCode::MissingSite => "missing_site",
            FaultCode::Action => "action",
        }
    }
}

/// One fault of an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct Fault {
    /// What kind.
    pub code: FaultCode,
    /// What is wrong, in words.
    pub message: String,
    /// JSON Pointer (RFC 6901) from the event's root.
    pub pointer: String,
}

impl Fault {
    /// A fault at a place of the event.
    pub fn new(code: FaultCode, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { code, message: message.into(), pointer: pointer.into() }
    }
}
