//! Opaque cursors: where a list goes on.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::problem::{Fault, Problem, ProblemType};

/// Most things on one page of a list, and how many unless asked otherwise.
pub const PAGE_MAX: u32 = 1_000;
/// How many things are on a page unless the caller asks for fewer or more.
pub const PAGE_DEFAULT: u32 = 100;

/// Writes a place as text that a client hands back.
///
/// # Errors
/// `internal` when it does not serialise.
pub fn write(place: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_vec(place).map(hex::encode).map_err(Problem::internal)
}

/// Reads a place back.
///
/// # Errors
/// `invalid-parameter` for a text that this service did not write.
pub fn read<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let place = hex::decode(text).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let wrong = || {
        let fault = Fault::new("cursor", "this is no cursor of this list").at("cursor");
        Problem::new(ProblemType::InvalidParameter).with_fault(fault)
    };
    place.map(Some).ok_or_else(wrong)
}

/// How many things a page has.
///
/// # Errors
/// `invalid-parameter` outside 1 to [`PAGE_MAX`].
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    let fault = Fault::new("range", format_args!("1 to {PAGE_MAX}")).at("limit");
    Err(Problem::new(ProblemType::InvalidParameter).with_fault(fault))
}
