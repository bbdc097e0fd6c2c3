//! Reading one scan of the calibration barcode.

use std::iter::Peekable;
use std::str::Chars;

use super::{CONTROL_GAP, CONTROLS, Calibration, DATA, GROUP_GAP, NOTHING, OTHERS};
use crate::limits::SCAN_BYTES_MAX;

/// Why a scan is none of the calibration barcode, or shows a workstation that cannot be calibrated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationFault {
    /// Not what the calibration barcode gives under any layout.
    #[error("this is no scan of the calibration barcode")]
    NotCalibration,
    /// Capitals and small letters are exchanged.
    #[error("Caps Lock is on: switch it off and scan again")]
    CapsLock,
    /// Capitals and small letters are the same.
    #[error("the scanner changes the case of letters: switch that off in its settings and scan again")]
    CaseLost,
    /// GS leaves no trace, so that lot and serial number run together.
    #[error("the group separator (GS) is not reported: change the scanner's settings and scan again")]
    SeparatorLost,
}

impl CalibrationFault {
    /// The stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotCalibration => "NOT_CALIBRATION",
            Self::CapsLock => "CAPS_LOCK",
            Self::CaseLost => "CASE_LOST",
            Self::SeparatorLost => "SEPARATOR_LOST",
        }
    }
}

/// What was typed for one character.
enum Token {
    Text(String),
    /// A dead key, with the accent that it types when a space follows; that space is gone.
    Dead(char),
    Hidden,
    Lost,
}

impl Calibration {
    /// Learns from what the wedge typed when the calibration barcode was scanned.
    ///
    /// # Errors
    /// [`CalibrationFault`].
    pub fn learn(typed: &str) -> Result<Self, CalibrationFault> {
        if typed.len() > SCAN_BYTES_MAX {
            return Err(CalibrationFault::NotCalibration);
        }
        let (identifier, rest) = typed.split_once("  ").ok_or(CalibrationFault::NotCalibration)?;
        let mut calibration = Self {
            identified: !identifier.is_empty(),
            typed: Default::default(),
            dead: Default::default(),
            hidden: String::new(),
            lost: String::new(),
        };
        let mut left = rest.trim_end_matches(['\r', '\n', '\t']).chars().peekable();
        calibration.group(&mut left, DATA, 1, GROUP_GAP)?;
        calibration.group(&mut left, OTHERS, 1, CONTROL_GAP)?;
        calibration.group(&mut left, CONTROLS, CONTROL_GAP, CONTROL_GAP)?;
        if left.any(|character| character != ' ') {
            return Err(CalibrationFault::NotCalibration);
        }
        calibration.judged()
    }

    /// Characters with `between` spaces between them, and `after` after the last.
    fn group(
        &mut self,
        left: &mut Peekable<Chars<'_>>,
        printed: &str,
        between: usize,
        after: usize,
    ) -> Result<(), CalibrationFault> {
        let mut characters = printed.chars().peekable();
        while let Some(character) = characters.next() {
            let spaces = if characters.peek().is_some() { between } else { after };
            let gone = match token(left)? {
                Token::Text(text) => {
                    self.typed.entry(text).or_default().push(character);
                    0
                }
                Token::Dead(accent) => {
                    self.dead.entry(accent).or_default().push(character);
                    1
                }
                Token::Hidden => {
                    self.hidden.push(character);
                    0
                }
                Token::Lost => {
                    self.lost.push(character);
                    0
                }
            };
            for _ in gone..spaces {
                // Those after the last control may have been cut off.
                if left.next_if_eq(&' ').is_none() && left.peek().is_some() {
                    return Err(CalibrationFault::NotCalibration);
                }
            }
        }
        Ok(())
    }

    /// Whether the workstation can be used at all.
    fn judged(self) -> Result<Self, CalibrationFault> {
        let stands_for = |typed: &str, printed: char| {
            self.typed.get(typed).is_some_and(|characters| characters.contains(printed))
        };
        let letters = ('A'..='Z').zip('a'..='z');
        let swapped = |(capital, small): (char, char)| {
            stands_for(&small.to_string(), capital) && stands_for(&capital.to_string(), small)
        };
        // Three in a row are no accident of a layout.
        if letters.clone().filter(|pair| swapped(*pair)).count() > 3 {
            return Err(CalibrationFault::CapsLock);
        }
        let merged = |(capital, small): (char, char)| {
            self.typed.values().any(|characters| characters.contains(capital) && characters.contains(small))
        };
        if letters.clone().filter(|pair| merged(*pair)).count() > 3 {
            return Err(CalibrationFault::CaseLost);
        }
        if self.lost.contains('\u{1D}') {
            return Err(CalibrationFault::SeparatorLost);
        }
        Ok(self)
    }
}

fn token(left: &mut Peekable<Chars<'_>>) -> Result<Token, CalibrationFault> {
    match left.peek() {
        None | Some(' ') => Ok(Token::Lost),
        Some(&NOTHING) => {
            left.next();
            match left.next_if(|next| *next != ' ') {
                Some(NOTHING) => Err(CalibrationFault::NotCalibration),
                Some(accent) => Ok(Token::Dead(accent)),
                None => Ok(Token::Hidden),
            }
        }
        Some(_) => {
            let mut text = String::new();
            while let Some(character) = left.next_if(|next| *next != ' ') {
                text.push(character);
            }
            Ok(Token::Text(text))
        }
    }
}
