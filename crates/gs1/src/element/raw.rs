//! The form that barcodes carry.

use super::{ElementFault, ElementString, SEPARATOR, position};
use crate::Ai;
use crate::ai;

/// Reads elements until the end. A separator is wanted after data of variable length and tolerated after any.
pub(super) fn parse(data: &str) -> Result<ElementString, ElementFault> {
    let mut found = ElementString::default();
    let body = data.strip_prefix(SEPARATOR).unwrap_or(data);
    let mut rest = body;
    while !rest.is_empty() {
        let ai_at = position(data.len() - rest.len());
        let (ai, after) = identifier(rest).ok_or(ElementFault::UnknownAi { at: ai_at })?;
        let value_at = position(data.len() - after.len());
        let (value, left) = split_value(ai, after);
        found.push_at(ai, value, value_at)?;
        rest = left.strip_prefix(SEPARATOR).unwrap_or(left);
    }
    if found.elements().is_empty() { Err(ElementFault::Empty) } else { Ok(found) }
}

/// The identifier at the beginning, known or of a length that its first two digits tell.
fn identifier(text: &str) -> Option<(Ai, &str)> {
    let length = ai::length_by_first_two(text.get(..2)?)?;
    let (code, rest) = text.split_at_checked(length)?;
    Ai::new(code).map(|ai| (ai, rest))
}

/// The data of an identifier: as many characters as are predefined, or all to the next separator.
fn split_value(ai: Ai, text: &str) -> (&str, &str) {
    let end = text.find(SEPARATOR).unwrap_or(text.len());
    let end = match ai.spec().filter(|spec| spec.predefined_length) {
        Some(spec) => text.char_indices().nth(spec.length_max()).map_or(text.len(), |(at, _)| at).min(end),
        None => end,
    };
    text.split_at(end)
}

/// Writes the elements with separators after all but predefined lengths and the last.
pub(super) fn write(string: &ElementString) -> String {
    let mut out = String::new();
    let mut open = false;
    for (ai, value) in string.elements() {
        if open {
            out.push(SEPARATOR);
        }
        out.push_str(ai.as_str());
        out.push_str(value);
        open = !ai.spec().is_some_and(|spec| spec.predefined_length);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack() {
        let pack = parse("010952156825120421".to_owned().as_str()).unwrap_err();
        assert_eq!((pack.code(), pack.position()), ("AI_DATA_TOO_SHORT", Some(18)));
        let pack = parse("0109521568251204215Kx9\u{1D}1727060010L1\u{1D}").unwrap();
        assert_eq!(pack.to_string(), "(01)09521568251204(21)5Kx9(17)270600(10)L1");
        assert_eq!(pack.to_raw(), "0109521568251204215Kx9\u{1D}1727060010L1");
    }

    #[test]
    fn identifiers_unknown_to_the_dictionary_are_kept() {
        let pack = parse("0109521568251204718XYZ\u{1D}215Kx9").unwrap();
        assert_eq!(pack.get(Ai::new("718").unwrap()), Some("XYZ"));
        assert_eq!(parse("04123").unwrap_err(), ElementFault::UnknownAi { at: 0 });
    }

    #[test]
    fn repetition() {
        assert!(parse("10A\u{1D}10A").is_ok());
        assert_eq!(parse("10A\u{1D}10B").unwrap_err().code(), "AI_REPEATED");
        assert_eq!(parse("10A\u{1D}\u{1D}21B").unwrap_err().position(), Some(4));
    }
}
