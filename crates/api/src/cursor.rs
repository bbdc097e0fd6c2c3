//! Opaque cursors: where a list goes on.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Fault, Problem, ProblemType};

/// Most things on one page of a list, and how many unless asked otherwise.
pub const PAGE_MAX: u32 = 1_000;
/// How many things are on a page unless the caller asks for fewer or more.
pub const PAGE_DEFAULT: u32 = 100;

/// The numbers in places: microseconds of the years 1 to 9999 since 1970, and sequence numbers, which get nowhere near.
const PLACES: RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Writes a place as text that a client hands back.
///
/// # Errors
/// `internal` when it does not serialise.
pub fn write(place: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_vec(place).map(hex::encode).map_err(Problem::internal)
}

/// Reads a place back, from the parameter `cursor`.
///
/// # Errors
/// `invalid-parameter` for a text that this service did not write.
pub fn read<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Problem> {
    read_from("cursor", text)
}

/// As [`read`], from the parameter of this name.
///
/// # Errors
/// As [`read`].
pub fn read_from<T: DeserializeOwned>(name: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let place = hex::decode(text).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let place = place.filter(is_place).and_then(|place| serde_json::from_value(place).ok());
    let wrong = || {
        let fault = Fault::new("cursor", "this is no cursor of this list").at(name);
        Problem::new(ProblemType::InvalidParameter).with_fault(fault)
    };
    place.map(Some).ok_or_else(wrong)
}

/// Whether every value of a place is one that the database can be asked for: who hands in a cursor may have made it up.
fn is_place(place: &Value) -> bool {
    match place {
        Value::Array(parts) => parts.iter().all(is_place),
        Value::Number(number) => number.as_i64().is_some_and(|number| PLACES.contains(&number)),
        Value::String(text) => !text.chars().any(char::is_control),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}

/// How many things a page has, from the parameter `limit`.
///
/// # Errors
/// `invalid-parameter` outside 1 to [`PAGE_MAX`].
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    limit_from("limit", asked.unwrap_or(PAGE_DEFAULT))
}

/// As [`limit`], from the parameter of this name.
///
/// # Errors
/// As [`limit`].
pub fn limit_from(name: &str, limit: u32) -> Result<u32, Problem> {
    if (1..=PAGE_MAX).contains(&limit) {
        return Ok(limit);
    }
    let fault = Fault::new("range", format_args!("1 to {PAGE_MAX}")).at(name);
    Err(Problem::new(ProblemType::InvalidParameter).with_fault(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_and_what_was_made_up_does_not() {
        let place = (1_795_413_600_000_000_i64, "a".to_owned());
        let text = write(&place).unwrap();
        assert_eq!(read::<(i64, String)>(Some(&text)).unwrap(), Some(place));
        for made_up in ["[9223372036854775807,\"a\"]", "[-377705116800000000,\"a\"]", "[0,\"\\u0000\"]", "{}"]
        {
            let text = hex::encode(made_up);
            assert!(read::<(i64, String)>(Some(&text)).is_err(), "{made_up}");
        }
        assert!(read::<u64>(Some(&hex::encode("18446744073709551615"))).is_err());
        let wrong = limit_from("perPage", 0).unwrap_err();
        assert_eq!(wrong.faults().first().unwrap().pointer.as_deref(), Some("perPage"));
    }
}
