//! Keyboard layouts that nobody has: whatever a wedge makes of a barcode, it is read as printed or refused.

use std::collections::BTreeMap;

use gs1::calibration::calibration_text;
use gs1::{Calibration, parse_scan};
use proptest::prelude::*;
use time::macros::date;
use unicode_normalization::char::compose;

const ACCENTS: [(char, char); 5] =
    [('`', '\u{300}'), ('\u{B4}', '\u{301}'), ('^', '\u{302}'), ('~', '\u{303}'), ('\u{A8}', '\u{308}')];
/// What keys may type: letters that dead keys compose, and letters that are composed, so that both can be confused.
const TYPED: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!\"%&'()*+,-./:;<=>?_#$@[\\]{|}éèêëáàâäñõüûúùóòôöçßµ§£¤°ÉÈÊËÁÀÂÄÑÕÜÛÚÙÓÒÔÖÇ";

#[derive(Debug, Clone)]
struct Layout {
    keys: BTreeMap<char, char>,
    dead: BTreeMap<char, usize>,
}

fn layout() -> impl Strategy<Value = Layout> {
    let typed: Vec<char> = TYPED.chars().collect();
    let printable: Vec<char> = ('!'..='~').collect();
    let dead =
        proptest::collection::vec((proptest::sample::select(printable.clone()), 0..ACCENTS.len()), 0..5);
    let merged = proptest::collection::vec((0..printable.len(), 0..printable.len()), 0..3);
    let controls =
        proptest::collection::vec(proptest::sample::select(vec!['\0', '\u{1D}', '\u{B6}', 'b']), 4);
    (Just(typed).prop_shuffle(), dead, merged, controls).prop_map(move |(typed, dead, merged, controls)| {
        let mut keys: BTreeMap<char, char> = printable.iter().copied().zip(typed).collect();
        for (one, other) in merged {
            let same = keys[&printable[one]];
            keys.insert(printable[other], same);
        }
        keys.extend(['\u{1D}', '\u{1C}', '\u{1E}', '\u{4}'].into_iter().zip(controls));
        let mut free: Vec<usize> = (0..ACCENTS.len()).collect();
        // Each accent is on one key.
        let dead = dead.into_iter().filter_map(|(key, accent)| {
            let at = free.iter().position(|free| *free == accent)?;
            free.remove(at);
            Some((key, accent))
        });
        Layout { keys, dead: dead.collect() }
    })
}

impl Layout {
    /// What is typed for a barcode, as a computer with dead keys reports it.
    fn types(&self, printed: &str) -> String {
        let mut typed = String::new();
        let mut left = printed.chars().peekable();
        while let Some(character) = left.next() {
            let Some(accent) = self.dead.get(&character) else {
                typed.push(self.key(character));
                continue;
            };
            let (accent, mark) = ACCENTS[*accent];
            typed.push('\0');
            match left.next() {
                None | Some(' ') => typed.push(accent),
                Some(next) if next.is_control() => typed.extend([self.key(next), accent]),
                Some(next) => match self.dead.get(&next) {
                    Some(second) => typed.extend([accent, ACCENTS[*second].0]),
                    None => match compose(self.key(next), mark) {
                        Some(composed) => typed.push(composed),
                        None => typed.extend([accent, self.key(next)]),
                    },
                },
            }
        }
        typed
    }

    fn key(&self, printed: char) -> char {
        self.keys.get(&printed).copied().unwrap_or(printed)
    }
}

fn makes_sense(text: &str) -> bool {
    parse_scan(text, date!(2026 - 11 - 23)).is_ok()
}

proptest! {
    #[test]
    fn what_is_read_was_printed(
        layout in layout(), serial in "[!-\"%-/0-9:-?A-Z_a-z]{1,20}", lot in "[!-\"%-/0-9:-?A-Z_a-z]{1,20}"
    ) {
        let baseline = layout.types(&format!("]d1{}", calibration_text()));
        let Ok(calibration) = Calibration::learn(&baseline) else { return Ok(()) };
        let printed = format!("]d2010952156825120421{serial}\u{1D}10{lot}\u{1D}17270600");
        if let Ok(read) = calibration.restore(&layout.types(&printed), makes_sense) {
            prop_assert_eq!(read, printed);
        }
    }

    #[test]
    fn a_layout_of_single_keys_is_always_read(
        typed in Just(TYPED.chars().collect::<Vec<_>>()).prop_shuffle(), serial in "[!-\"%-/0-9:-?A-Z_a-z]{1,20}"
    ) {
        let keys = ('!'..='~').chain(['\u{1D}']).zip(typed.into_iter().chain(['\u{B6}'])).collect();
        let layout = Layout { keys, dead: BTreeMap::new() };
        let calibration = match Calibration::learn(&layout.types(&format!("]d1{}", calibration_text()))) {
            Ok(calibration) => calibration,
            Err(fault) => {
                prop_assert_eq!(fault.code(), "CAPS_LOCK");
                return Ok(());
            }
        };
        let printed = format!("]d2010952156825120421{serial}\u{1D}10A");
        prop_assert_eq!(calibration.restore(&layout.types(&printed), makes_sense), Ok(printed));
    }

    #[test]
    fn no_text_makes_it_panic(learned in "\\PC{0,300}", typed in "\\PC{0,60}") {
        for learned in [learned.clone(), format!("]d1  {learned}"), format!("]d1{}{learned}", calibration_text())] {
            if let Ok(calibration) = Calibration::learn(&learned) {
                let _ = calibration.restore(&typed, makes_sense);
            }
        }
    }
}
