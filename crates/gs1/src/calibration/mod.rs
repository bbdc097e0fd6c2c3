//! Scanners that type: what a keyboard wedge turns a barcode into, and back.
//!
//! A scanner that plays a keyboard sends key codes of one layout, and the computer reads them in its own: `z` becomes
//! `y`, digits become symbols, a dead key swallows the letter after it. One barcode that holds every character
//! ([`CALIBRATION`]), printed once and scanned at each workstation, tells what becomes of each; a [`Calibration`] learned
//! from it undoes that. Nothing is guessed: what could have been printed in two ways is refused.

mod learn;
mod restore;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use learn::CalibrationFault;
pub use restore::RestoreFault;

/// The characters of pack data (set 82), each of which a calibration must know.
const DATA: &str = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
/// The other printable characters of ASCII: symbology identifiers, messages and links have some.
const OTHERS: &str = "#$@[\\]^`{|}~";
/// Separators of element strings and messages: GS, FS, RS, EOT.
const CONTROLS: &str = "\u{1D}\u{1C}\u{1E}\u{4}";
/// Spaces between two groups of characters, and between two controls.
const GROUP_GAP: usize = 3;
const CONTROL_GAP: usize = 4;
/// What programs see of a key that types nothing yet, or nothing at all.
const NOTHING: char = '\0';

/// The text of the calibration barcode: a Data Matrix without application identifiers. (A line end after it is the
/// scanner's.)
#[must_use]
pub fn calibration_text() -> String {
    let spaced = |text: &str| text.chars().map(String::from).collect::<Vec<_>>().join(" ");
    let controls: String =
        CONTROLS.chars().map(|control| format!("{}{control}", " ".repeat(CONTROL_GAP))).collect();
    let gap = " ".repeat(GROUP_GAP);
    format!("  {}{gap}{}{controls}{}", spaced(DATA), spaced(OTHERS), " ".repeat(CONTROL_GAP))
}

/// What a workstation's wedge types for each character, learned from one scan of the calibration barcode.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Whether the scanner sends a symbology identifier first.
    identified: bool,
    /// What is typed, and the characters that it may stand for; more than one cannot be told apart.
    typed: BTreeMap<String, String>,
    /// Accents of dead keys, and the characters that those keys stand for.
    dead: BTreeMap<char, String>,
    /// Characters of which nothing but [`NOTHING`] is seen.
    hidden: String,
    /// Characters that leave no trace: data that held one cannot be told from data that did not.
    lost: String,
}
