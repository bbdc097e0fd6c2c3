//! Data whose separators were lost on the way.
//!
//! Without separators an element string has no unique reading. All readings are searched of the identifiers that
//! stand on medicine packs; the caller accepts a single one and refuses to guess among several.

use super::ElementString;
use crate::Ai;
use crate::limits::{READING_STEPS_MAX, READINGS_MAX};

/// The identifiers that are searched; every reading must hold a trade item number.
const PACK: &[&str] =
    &["01", "10", "11", "17", "21", "240", "710", "711", "712", "713", "714", "715", "716", "717"];

/// A search in progress.
struct Search<'a> {
    data: &'a str,
    found: Vec<ElementString>,
    steps: u32,
}

/// All readings, at most [`READINGS_MAX`]; `None` when the search was cut short by [`READING_STEPS_MAX`].
pub(super) fn readings(data: &str) -> Option<Vec<ElementString>> {
    if !data.bytes().all(crate::charset::is_cset82) {
        return Some(Vec::new());
    }
    let mut search = Search { data, found: Vec::new(), steps: 0 };
    search.from(0, &ElementString::default()).then_some(search.found)
}

impl Search<'_> {
    /// Extends `so_far` by every identifier that may begin at `at`; false when the steps ran out.
    fn from(&mut self, at: usize, so_far: &ElementString) -> bool {
        let rest = self.data.get(at..).unwrap_or_default();
        if rest.is_empty() {
            if so_far.get(Ai::GTIN).is_some() && self.found.len() < READINGS_MAX {
                self.found.push(so_far.clone());
            }
            return true;
        }
        for code in PACK.iter().filter(|code| rest.starts_with(**code)) {
            let Some((ai, spec)) = Ai::new(code).and_then(|ai| Some((ai, ai.spec()?))) else {
                continue;
            };
            let room = rest.len() - code.len();
            for length in spec.length_min()..=spec.length_max().min(room) {
                self.steps += 1;
                if self.steps > READING_STEPS_MAX {
                    return false;
                }
                let value_at = at + code.len();
                let value = self.data.get(value_at..value_at + length).unwrap_or_default();
                let mut next = so_far.clone();
                let fresh = next.get(ai).is_none() && next.push(ai, value).is_ok();
                if fresh && !self.from(value_at + length, &next) {
                    return false;
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_reading() {
        // The serial number is longer than a lot may be, so only one place for the second identifier is left.
        let data = "1724053121ABCDEFGHIJKLMNOPQRST10XYZ0100693570007182";
        let found = readings(data).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].to_string(), "(17)240531(21)ABCDEFGHIJKLMNOPQRST(10)XYZ(01)00693570007182");
    }

    #[test]
    fn several_readings_and_none() {
        assert!(readings("1021072911172405310100693570007182").unwrap().len() > 1);
        assert!(readings("ABC").unwrap().is_empty());
        assert!(readings("é").unwrap().is_empty());
    }

    #[test]
    fn the_search_is_bounded() {
        let hostile = "102110211021".repeat(300);
        assert!(readings(&hostile).is_none_or(|found| found.len() <= READINGS_MAX));
    }
}
