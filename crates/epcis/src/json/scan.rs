//! A strict JSON reader (RFC 8259) that keeps number texts and places, refuses repeated member names, and can skip
//! a value without building it.
//!
//! Our own because general parsers turn numbers into doubles, take the last of repeated names, and hold a whole
//! document as a tree.

use std::collections::BTreeSet;

use crate::text::is_document_char;
use crate::tree::{Data, Key, Member, Node};
use crate::{Fault, FaultCode, Limits};

/// Reads values from `source`, which the caller has checked to be UTF-8.
pub(crate) struct Scanner<'a> {
    source: &'a str,
    limits: Limits,
    pub position: usize,
    depth: usize,
    values_left: usize,
}

type Scan<T> = Result<T, Fault>;

impl<'a> Scanner<'a> {
    pub fn new(source: &'a str, position: usize, limits: &Limits) -> Self {
        Self { source, limits: *limits, position, depth: 0, values_left: limits.values_per_event_max }
    }

    pub fn fault(&self, code: FaultCode, message: &str, at: usize) -> Fault {
        Fault::new(code, message).located(at)
    }

    fn syntax(&self, message: &str) -> Fault {
        self.fault(FaultCode::JsonSyntax, message, self.position)
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.position).copied()
    }

    pub fn white_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.position += 1;
        }
    }

    /// Takes one byte if it is the next after white space.
    pub fn take(&mut self, byte: u8) -> bool {
        self.white_space();
        let found = self.peek() == Some(byte);
        if found {
            self.position += 1;
        }
        found
    }

    pub fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.take(byte) { Ok(()) } else { Err(self.syntax(&format!("expected `{}`", char::from(byte)))) }
    }

    /// Nothing but white space up to the end.
    pub fn end(&mut self) -> Scan<()> {
        self.white_space();
        if self.position == self.source.len() { Ok(()) } else { Err(self.syntax("text after the document")) }
    }

    /// Begins a new event: its count of values starts anew.
    pub fn reset_count(&mut self) {
        self.values_left = self.limits.values_per_event_max;
    }

    fn enter(&mut self) -> Scan<()> {
        self.depth += 1;
        if self.depth > self.limits.depth_max {
            return Err(self.fault(FaultCode::LimitExceeded, "nested too deeply", self.position));
        }
        Ok(())
    }

    /// Reads one value into a tree.
    pub fn value(&mut self) -> Scan<Node> {
        self.white_space();
        let at = self.position;
        self.values_left = self.values_left.checked_sub(1).ok_or_else(|| {
            self.fault(FaultCode::LimitExceeded, "more values in one event than the limit", at)
        })?;
        let data = match self.peek() {
            Some(b'{') => Data::Object(self.object()?),
            Some(b'[') => Data::Array(self.array()?),
            Some(b'"') => Data::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Data::Number(self.number()?.to_owned()),
            Some(b't') => self.literal("true", Data::Bool(true))?,
            Some(b'f') => self.literal("false", Data::Bool(false))?,
            Some(b'n') => self.literal("null", Data::Null)?,
            _ => return Err(self.syntax("expected a value")),
        };
        Ok(Node { at, data })
    }

    fn object(&mut self) -> Scan<Vec<Member>> {
        let mut members = Vec::new();
        let mut names = BTreeSet::new();
        self.members(|scanner, name| {
            if !names.insert(name.clone()) {
                return Err(scanner.syntax(&format!("member `{name}` occurs twice")));
            }
            let node = scanner.value()?;
            members.push(Member { key: Key::Raw(name), node });
            Ok(())
        })?;
        Ok(members)
    }

    fn array(&mut self) -> Scan<Vec<Node>> {
        let mut items = Vec::new();
        self.items(|scanner| {
            items.push(scanner.value()?);
            Ok(())
        })?;
        Ok(items)
    }

    /// Reads an object, handing each name to `member`, which must read the value.
    pub fn members(&mut self, mut member: impl FnMut(&mut Self, String) -> Scan<()>) -> Scan<()> {
        self.expect(b'{')?;
        self.enter()?;
        if !self.take(b'}') {
            loop {
                self.white_space();
                let name = self.string()?;
                self.expect(b':')?;
                member(self, name)?;
                if self.take(b'}') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a list, calling `item` where each item begins.
    pub fn items(&mut self, mut item: impl FnMut(&mut Self) -> Scan<()>) -> Scan<()> {
        self.expect(b'[')?;
        self.enter()?;
        if !self.take(b']') {
            loop {
                item(self)?;
                if self.take(b']') {
                    break;
                }
                self.expect(b',')?;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads over a value, checking its syntax.
    pub fn skip(&mut self) -> Scan<()> {
        self.white_space();
        match self.peek() {
            Some(b'{') => self.members(|scanner, _| scanner.skip()),
            Some(b'[') => self.items(Self::skip),
            Some(b'"') => self.string().map(drop),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.literal("true", ()),
            Some(b'f') => self.literal("false", ()),
            Some(b'n') => self.literal("null", ()),
            _ => Err(self.syntax("expected a value")),
        }
    }

    fn literal<T>(&mut self, word: &str, value: T) -> Scan<T> {
        if !self.source[self.position..].starts_with(word) {
            return Err(self.syntax("expected a value"));
        }
        self.position += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Scan<&'a str> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.source.as_bytes()[self.position - whole] == b'0') {
            return Err(self.syntax("not a number"));
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            if self.digits() == 0 {
                return Err(self.syntax("not a number"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            if self.digits() == 0 {
                return Err(self.syntax("not a number"));
            }
        }
        Ok(&self.source[start..self.position])
    }

    fn digits(&mut self) -> usize {
        let start = self.position;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        self.position - start
    }

    fn string(&mut self) -> Scan<String> {
        let start = self.position;
        if self.peek() != Some(b'"') {
            return Err(self.syntax("expected a string"));
        }
        self.position += 1;
        let mut out = String::new();
        loop {
            let rest = &self.source.as_bytes()[self.position..];
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            let plain =
                plain.ok_or_else(|| self.fault(FaultCode::JsonSyntax, "string without end", start))?;
            out.push_str(&self.source[self.position..self.position + plain]);
            self.position += plain;
            if out.len() > self.limits.value_bytes_max {
                return Err(self.fault(FaultCode::LimitExceeded, "value longer than the limit", start));
            }
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.syntax("control character in a string")),
            }
        }
        self.position += 1;
        if out.chars().all(is_document_char) {
            Ok(out)
        } else {
            Err(self.fault(FaultCode::Encoding, "a character that XML 1.0 cannot carry", start))
        }
    }

    fn escape(&mut self) -> Scan<char> {
        self.position += 1;
        let escaped = self.peek().ok_or_else(|| self.syntax("string without end"))?;
        self.position += 1;
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.syntax("unknown escape")),
        })
    }

    fn unicode_escape(&mut self) -> Scan<char> {
        let first = self.four_hex_digits()?;
        let code = match first {
            0xd800..=0xdbff => {
                let low = self.source[self.position..].starts_with("\\u").then(|| {
                    self.position += 2;
                    self.four_hex_digits()
                });
                match low.transpose()? {
                    Some(low @ 0xdc00..=0xdfff) => 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00),
                    _ => return Err(self.syntax("half of a surrogate pair")),
                }
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.syntax("half of a surrogate pair"))
    }

    fn four_hex_digits(&mut self) -> Scan<u32> {
        let digits = self.source.as_bytes().get(self.position..self.position + 4);
        let value = digits
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let value = value.ok_or_else(|| self.syntax("expected four hexadecimal digits"))?;
        self.position += 4;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Scanner;
    use crate::Limits;
    use crate::tree::{Data, Node};
    use proptest::prelude::*;

    fn to_serde(node: &Node) -> serde_json::Value {
        match &node.data {
            Data::Null => serde_json::Value::Null,
            Data::Bool(value) => (*value).into(),
            Data::Number(text) => serde_json::from_str(text).unwrap(),
            Data::Text(text) => text.as_str().into(),
            Data::Array(items) => items.iter().map(to_serde).collect(),
            Data::Object(members) => {
                members.iter().map(|member| (member.raw().to_owned(), to_serde(&member.node))).collect()
            }
        }
    }

    fn read(text: &str) -> Option<serde_json::Value> {
        let limits = Limits::default();
        let mut scanner = Scanner::new(text, 0, &limits);
        let node = scanner.value().ok()?;
        scanner.end().ok()?;
        let mut skipper = Scanner::new(text, 0, &limits);
        skipper.skip().unwrap();
        assert_eq!(skipper.position, node_end(text, &limits));
        Some(to_serde(&node))
    }

    fn node_end(text: &str, limits: &Limits) -> usize {
        let mut scanner = Scanner::new(text, 0, limits);
        scanner.value().unwrap();
        scanner.position
    }

    proptest! {
        /// Our reader and serde_json agree on what is JSON and what it says.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"0-9eE.+\-a-c\\u tfn]{0,24}|\[(-?[0-9]{1,3}(\.[0-9]{1,2})?(e-?[0-9])?,?){1,3}\]|\{"[a-c]":("[ -~]{0,5}"|true|null|\[\])\}"#) {
            let reference = serde_json::from_str::<serde_json::Value>(&text);
            // Numbers beyond a double are JSON too.
            prop_assume!(!reference.as_ref().is_err_and(|error| error.to_string().contains("out of range")));
            let reference = reference.ok();
            let ours = read(&text);
            if let Some(ours) = ours {
                prop_assert_eq!(Some(ours), reference);
            } else if let Some(reference) = reference {
                let repeats = reference.is_object() || reference.is_array();
                prop_assert!(repeats || text.contains("\\u"), "refused {}", text);
            }
        }
    }

    #[test]
    fn refuses_what_others_let_pass() {
        let limits = Limits::default();
        for text in [
            r#"{"a":1,"a":2}"#,
            "01",
            "1.",
            "[1,]",
            r#""\ud800""#,
            "\"\u{1}\"",
            r#""\u0000""#,
            "nul",
            "[",
            "{\"a\"}",
        ] {
            let mut scanner = Scanner::new(text, 0, &limits);
            assert!(scanner.value().and_then(|_| scanner.end()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Scanner::new(&deep, 0, &limits).value().is_err());
        assert!(Scanner::new(&deep, 0, &limits).skip().is_err());
    }

    #[test]
    fn keeps_digits_and_places() {
        let text = "\n {\"a\": 12345678901234567890.10, \"\\u00e9\": \"\\ud83d\\ude00\"}";
        let node = Scanner::new(text, 0, &Limits::default()).value().unwrap();
        let Data::Object(members) = node.data else { panic!("an object") };
        assert!(matches!(&members[0].node.data, Data::Number(text) if text == "12345678901234567890.10"));
        assert_eq!((members[1].raw(), members[1].node.as_text()), ("é", Some("😀")));
        let fault = Scanner::new("{\n \"a\": x}", 0, &Limits::default()).value().unwrap_err();
        assert_eq!(fault.offset, Some(8));
    }
}
