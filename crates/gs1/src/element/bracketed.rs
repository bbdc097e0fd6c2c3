//! The human-readable form with identifiers in brackets.

use std::fmt;

use super::{ElementFault, ElementString, position};
use crate::Ai;

/// Reads `(ai)data` pairs; `\(` in data stands for an opening bracket.
pub(super) fn parse(text: &str) -> Result<ElementString, ElementFault> {
    let mut found = ElementString::default();
    let mut rest = text;
    while !rest.is_empty() {
        let at = position(text.len() - rest.len());
        let fault = || ElementFault::Bracket { at };
        let (code, after) = rest.strip_prefix('(').and_then(|open| open.split_once(')')).ok_or_else(fault)?;
        let ai = Ai::new(code).ok_or_else(fault)?;
        if ai.spec().is_none() {
            return Err(ElementFault::UnknownAi { at });
        }
        let (value, left) = split_value(after);
        found.push_at(ai, &value, position(text.len() - after.len()))?;
        rest = left;
    }
    if found.elements().is_empty() { Err(ElementFault::Empty) } else { Ok(found) }
}

/// The data up to the next bracket that is not escaped.
fn split_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let Some(bracket) = rest.find('(') else {
            value.push_str(rest);
            return (value, "");
        };
        let (before, after) = rest.split_at(bracket);
        let Some(unescaped) = before.strip_suffix('\\') else {
            value.push_str(before);
            return (value, after);
        };
        value.push_str(unescaped);
        value.push('(');
        rest = after.get(1..).unwrap_or_default();
    }
}

/// Writes every element with its identifier in brackets.
pub(super) fn write(string: &ElementString, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (ai, value) in string.elements() {
        write!(f, "({ai}){}", value.replace('(', "\\("))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_data_are_escaped() {
        let string = parse("(10)A\\(B)C(21)1").unwrap();
        assert_eq!(string.get(Ai::LOT), Some("A(B)C"));
        assert_eq!(string.to_string(), "(10)A\\(B)C(21)1");
    }

    #[test]
    fn faults() {
        for (text, code, at) in [
            ("", "NO_ELEMENT", None),
            ("(1", "AI_BRACKET_MALFORMED", Some(0)),
            ("()12345", "AI_BRACKET_MALFORMED", Some(0)),
            ("(12345)1", "AI_BRACKET_MALFORMED", Some(0)),
            ("(10)(11)98765", "AI_DATA_TOO_SHORT", Some(4)),
            ("(17)9(90)217", "AI_DATA_TOO_SHORT", Some(4)),
            ("x", "AI_BRACKET_MALFORMED", Some(0)),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!((fault.code(), fault.position()), (code, at), "{text}");
        }
    }
}
