//! From what was typed to what was printed.

use std::collections::BTreeSet;

use unicode_normalization::char::compose;

use super::{Calibration, NOTHING};
use crate::limits::{SCAN_BYTES_MAX, TYPED_READINGS_MAX, TYPED_STEPS_MAX};

/// Why typed text cannot be turned back: the workstation's or the reader's fault, never the pack's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreFault {
    /// More than a symbol can hold.
    #[error("longer than any symbol")]
    TooLong,
    /// Capitals and small letters are exchanged.
    #[error("Caps Lock is on: switch it off and scan again")]
    CapsLock,
    /// Something is typed that the calibration never saw: another layout, or no scan at all.
    #[error(
        "the keyboard layout is not the one that was calibrated, from character {at} on: calibrate again"
    )]
    OtherLayout {
        /// The first such character, counted from 0.
        at: u32,
    },
    /// More than one text is typed so.
    #[error(
        "several barcodes are typed so under this layout: set the scanner to another one and calibrate again"
    )]
    Ambiguous,
}

impl RestoreFault {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "SCAN_TOO_LONG",
            Self::CapsLock => "CAPS_LOCK",
            Self::OtherLayout { .. } => "LAYOUT_CHANGED",
            Self::Ambiguous => "AMBIGUOUS_TYPING",
        }
    }

    /// The first character at fault, when it is at one place.
    #[must_use]
    pub const fn position(self) -> Option<u32> {
        match self {
            Self::OtherLayout { at } => Some(at),
            _ => None,
        }
    }
}

impl Calibration {
    /// What was printed, when this was typed. Where several texts are typed so, `makes_sense` says which of them a barcode
    /// can hold: only when it is a single one, that is the answer.
    ///
    /// # Errors
    /// [`RestoreFault`].
    pub fn restore(&self, typed: &str, makes_sense: impl Fn(&str) -> bool) -> Result<String, RestoreFault> {
        if typed.len() > SCAN_BYTES_MAX {
            return Err(RestoreFault::TooLong);
        }
        let typed: Vec<char> = typed.trim_end_matches(['\r', '\n']).chars().collect();
        let mut search =
            Search { calibration: self, typed: &typed, found: BTreeSet::new(), furthest: 0, steps: 0 };
        let whole = search.run();
        let (found, furthest) = (search.found, search.furthest);
        let sensible: Vec<&String> = found.iter().filter(|text| makes_sense(text)).collect();
        let answer = match (sensible.as_slice(), found.len()) {
            _ if !whole => return Err(RestoreFault::Ambiguous),
            ([one], _) => (*one).clone(),
            ([], 0) => {
                return Err(RestoreFault::OtherLayout { at: u32::try_from(furthest).unwrap_or(u32::MAX) });
            }
            ([], 1) => found.into_iter().next().unwrap_or_default(),
            _ => return Err(RestoreFault::Ambiguous),
        };
        self.identifier_checked(answer)
    }

    /// A scanner that sent a symbology identifier at its calibration still does.
    fn identifier_checked(&self, text: String) -> Result<String, RestoreFault> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            // Data Matrix, DotCode, QR Code and DataBar have small and capital letters that tell the lock.
            (Some(']'), Some('D' | 'q' | 'c' | 'j')) => Err(RestoreFault::CapsLock),
            (Some(']'), _) => Ok(text),
            _ if self.identified => Err(RestoreFault::OtherLayout { at: 0 }),
            _ => Ok(text),
        }
    }
}

/// A search for every text that is typed so.
struct Search<'a> {
    calibration: &'a Calibration,
    typed: &'a [char],
    found: BTreeSet<String>,
    furthest: usize,
    steps: u32,
}

/// A place in the search: where to go on, what was printed so far, and whether a dead key was the last.
struct Place {
    at: usize,
    printed: String,
    after_dead: bool,
}

impl Search<'_> {
    /// False when it was cut short.
    fn run(&mut self) -> bool {
        let mut open = vec![Place { at: 0, printed: String::new(), after_dead: false }];
        while let Some(place) = open.pop() {
            self.steps += 1;
            if self.steps > TYPED_STEPS_MAX || self.found.len() > TYPED_READINGS_MAX {
                return false;
            }
            self.furthest = self.furthest.max(place.at);
            if place.at == self.typed.len() {
                self.found.insert(place.printed);
                continue;
            }
            self.step(&place, &mut open);
        }
        true
    }

    fn step(&self, place: &Place, open: &mut Vec<Place>) {
        let rest = self.typed.get(place.at..).unwrap_or_default();
        let mut go_on = |typed: usize, printed: &[char], after_dead: bool| {
            let mut text = place.printed.clone();
            text.extend(printed);
            open.push(Place { at: place.at + typed, printed: text, after_dead });
        };
        match rest {
            [NOTHING, next, ..] => {
                // After a dead key whose letters are unknown, a separator could be one of those.
                if self.calibration.dead.keys().all(|accent| !marks(*accent).is_empty()) {
                    self.hidden(&mut go_on);
                }
                for printed in self.dead(*next) {
                    go_on(2, &[printed], true);
                }
                for (dead, letter) in self.composed(*next) {
                    go_on(2, &[dead, letter], false);
                }
                // A control overtakes the accent of the dead key before it.
                if let Some(accent) = rest.get(2) {
                    for dead in self.dead(*accent) {
                        for control in self.control(*next) {
                            go_on(3, &[dead, control], false);
                        }
                    }
                }
            }
            [NOTHING] => self.hidden(&mut go_on),
            [first, ..] => {
                // A second dead key after one types its accent at once.
                if place.after_dead {
                    for printed in self.dead(*first) {
                        go_on(1, &[printed], false);
                    }
                }
                for (typed, characters) in &self.calibration.typed {
                    let length = typed.chars().count();
                    if typed.chars().eq(rest.iter().copied().take(length)) {
                        for printed in characters.chars() {
                            go_on(length, &[printed], false);
                        }
                    }
                }
            }
            [] => {}
        }
    }

    fn hidden(&self, go_on: &mut impl FnMut(usize, &[char], bool)) {
        for printed in self.calibration.hidden.chars() {
            go_on(1, &[printed], false);
        }
    }

    fn dead(&self, accent: char) -> impl Iterator<Item = char> {
        self.calibration.dead.get(&accent).into_iter().flat_map(|printed| printed.chars())
    }

    /// The characters that are typed as this one and are no keys of their own: separators, and those that stay hidden.
    fn control(&self, typed: char) -> impl Iterator<Item = char> {
        let hidden = self.calibration.hidden.chars().filter(move |_| typed == NOTHING);
        let shown = self.calibration.typed.get(typed.encode_utf8(&mut [0; 4])).into_iter();
        hidden.chain(shown.flat_map(|printed| printed.chars().filter(|printed| printed.is_control())))
    }

    /// The dead keys and the keys after them that together type this letter.
    fn composed(&self, letter: char) -> Vec<(char, char)> {
        let mut pairs = Vec::new();
        for (accent, keys) in &self.calibration.dead {
            for (typed, characters) in &self.calibration.typed {
                let mut base = typed.chars();
                let (Some(base), None) = (base.next(), base.next()) else { continue };
                if marks(*accent).iter().any(|marks| with_marks(base, marks) == Some(letter)) {
                    pairs.extend(
                        keys.chars().flat_map(|key| characters.chars().map(move |other| (key, other))),
                    );
                }
            }
        }
        pairs
    }
}

fn with_marks(base: char, marks: &[char]) -> Option<char> {
    marks.iter().try_fold(base, |base, mark| compose(base, *mark))
}

/// The combining marks that the dead key of this accent may add (Unicode chapter 7.9: spacing clones of diacritics).
const fn marks(accent: char) -> &'static [&'static [char]] {
    match accent {
        '`' => &[&['\u{300}']],
        // On some layouts the acute makes a cedilla of c.
        '\'' | '\u{B4}' | '\u{384}' => &[&['\u{301}'], &['\u{327}']],
        '^' => &[&['\u{302}']],
        '~' => &[&['\u{303}']],
        '\u{AF}' => &[&['\u{304}']],
        '\u{2D8}' => &[&['\u{306}']],
        '\u{2D9}' | '.' | '\u{B7}' => &[&['\u{307}']],
        '\u{A8}' | '"' => &[&['\u{308}'], &['\u{30B}']],
        // On some layouts the ring makes a dot.
        '\u{B0}' | '\u{2DA}' => &[&['\u{30A}'], &['\u{307}']],
        '\u{2DD}' => &[&['\u{30B}']],
        '\u{2C7}' => &[&['\u{30C}']],
        '\u{B8}' | ',' => &[&['\u{327}'], &['\u{328}'], &['\u{326}']],
        '\u{2DB}' => &[&['\u{328}']],
        '\u{385}' => &[&['\u{308}', '\u{301}']],
        _ => &[],
    }
}
