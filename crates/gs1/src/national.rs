//! National product numbers and the item numbers that embed them.
//!
//! Sources: IFA, "PPN code specification" (PPN, PZN, NTIN); GS1 General Specifications, section 3.8.3 (AI 710 to
//! 717); GS1 US, "Healthcare: assigning GTINs with NDCs". A national number inside an item number is a fact about
//! how the number was assigned; it proves nothing about a pack.

use crate::Gtin;
use crate::error::{Gs1Error, check_digits};
use crate::lint::{LintError, LintFault};
use crate::text::text_newtype;

/// A Pharmacy Product Number: agency code, national number, two check digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ppn(Box<str>);

/// The agency code of the German PZN.
const AGENCY_GERMANY: &str = "11";
/// The GTIN-14 of a German NTIN begins so, before the eight digits of the PZN.
const NTIN_GERMANY: &str = "04150";

impl Ppn {
    /// Reads 5 to 22 digits and capital letters with their two check digits; under agency 11 also the PZN's own.
    ///
    /// # Errors
    /// [`Gs1Error::Length`] or [`Gs1Error::Content`].
    pub fn new(text: &str) -> Result<Self, Gs1Error> {
        const WHAT: &str = "PPN";
        let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        if let Some(at) = text.chars().position(|c| !u8::try_from(c).is_ok_and(plain)) {
            return Err(Gs1Error::content(WHAT, LintFault::new(LintError::InvalidCset39Character, at, 1)));
        }
        let check_at = text.len().saturating_sub(2);
        let (body, check) = text.split_at_checked(check_at).unwrap_or_default();
        if !(5..=22).contains(&text.len()) || (body.starts_with(AGENCY_GERMANY) && body.len() != 10) {
            return Err(Gs1Error::length(
                WHAT,
                "an agency code, a national number and two check digits",
                text,
            ));
        }
        // Weights 2, 3, 4 … from the left over the characters' ASCII values, modulo 97.
        let sum =
            body.bytes().zip(2u32..).fold(0, |sum, (byte, weight)| (sum + u32::from(byte) * weight) % 97);
        if check != format!("{sum:02}") {
            return Err(Gs1Error::content(WHAT, LintFault::new(LintError::IncorrectCheckPair, check_at, 2)));
        }
        if let Some(pzn) = body.strip_prefix(AGENCY_GERMANY) {
            check_pzn(pzn)?;
        }
        Ok(Self(text.into()))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The German PZN of eight digits, under agency 11.
    #[must_use]
    pub fn pzn(&self) -> Option<&str> {
        self.0.strip_prefix(AGENCY_GERMANY).and_then(|rest| rest.get(..8))
    }

    /// The item number that means the same product: the German NTIN.
    #[must_use]
    pub fn ntin(&self) -> Option<Gtin> {
        ntin_of_pzn(self.pzn()?).ok()
    }
}

text_newtype!(Ppn);

/// The check digit of a PZN: digits one to seven, weights 1 to 7, modulo 11; a remainder of ten is never issued.
fn check_pzn(pzn: &str) -> Result<(), Gs1Error> {
    check_digits("PZN", pzn)?;
    if pzn.len() != 8 {
        return Err(Gs1Error::length("PZN", "8 digits", pzn));
    }
    let mut digits = pzn.bytes().map(|byte| u32::from(byte - b'0'));
    let sum = digits.clone().take(7).zip(1u32..).fold(0, |sum, (digit, weight)| sum + digit * weight);
    if digits.next_back() != Some(sum % 11) {
        return Err(Gs1Error::content("PZN", LintFault::new(LintError::IncorrectCheckDigit, 7, 1)));
    }
    Ok(())
}

/// The item number of a German PZN of eight digits.
///
/// # Errors
/// [`Gs1Error::Length`] or [`Gs1Error::Content`] for what is no PZN.
pub fn ntin_of_pzn(pzn: &str) -> Result<Gtin, Gs1Error> {
    check_pzn(pzn)?;
    Gtin::from_stem(&format!("{NTIN_GERMANY}{pzn}"))
}

/// A market whose national number is embedded in item numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Market {
    /// Germany: PZN of eight digits after 4150.
    Germany,
    /// France: the CIP of thirteen digits is the GTIN-13 that begins with 3400.
    France,
    /// Spain: Código Nacional of six digits after 847000.
    Spain,
    /// Switzerland: the eight digits that Swissmedic assigns, after 7680.
    Switzerland,
}

/// The national number inside a base unit's item number, when it is one of a market that embeds them.
#[must_use]
pub fn embedded_number(gtin: &Gtin) -> Option<(Market, String)> {
    let digits = gtin.as_str();
    let part = |from: usize, to: usize| digits.get(from..to).map(ToOwned::to_owned);
    if digits.starts_with(NTIN_GERMANY) {
        let pzn = part(5, 13)?;
        return check_pzn(&pzn).is_ok().then_some((Market::Germany, pzn));
    }
    if digits.starts_with("03400") {
        return Some((Market::France, part(1, 14)?));
    }
    if digits.starts_with("0847000") {
        return Some((Market::Spain, part(7, 13)?));
    }
    if digits.starts_with("07680") {
        return Some((Market::Switzerland, part(5, 13)?));
    }
    None
}

/// The item number of a United States NDC of ten digits, hyphens allowed, at a packaging level.
///
/// The way back is ambiguous (4-4-2, 5-3-2 or 5-4-1 digits) and is not offered.
///
/// # Errors
/// [`Gs1Error::Length`] or [`Gs1Error::Content`] when `ndc` is not ten digits or `indicator` is more than 9.
pub fn gtin_of_ndc(ndc: &str, indicator: u8) -> Result<Gtin, Gs1Error> {
    let digits: String = ndc.chars().filter(|c| *c != '-').collect();
    check_digits("NDC", &digits)?;
    if digits.len() != 10 {
        return Err(Gs1Error::length("NDC", "10 digits", ndc));
    }
    Gtin::from_stem(&format!("{indicator}03{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_numbers() {
        for (ppn, pzn) in
            [("110375286414", "03752864"), ("111234567842", "12345678"), ("112097776020", "20977760")]
        {
            let ppn = Ppn::new(ppn).unwrap();
            assert_eq!(ppn.pzn(), Some(pzn));
            assert_eq!(embedded_number(&ppn.ntin().unwrap()), Some((Market::Germany, pzn.to_owned())));
        }
        assert_eq!(Ppn::new("110375286414").unwrap().ntin().unwrap().as_str(), "04150037528643");
        assert_eq!(Ppn::new("110375286415").unwrap_err().code(), "INCORRECT_CHECK_PAIR");
        assert_eq!(Ppn::new("11037528641").unwrap_err().code(), "INVALID_LENGTH");
        assert_eq!(Ppn::new("11é").unwrap_err().position(), Some(2));
    }

    #[test]
    fn ndc() {
        assert_eq!(gtin_of_ndc("0001-0123-45", 0).unwrap().as_str(), "00300010123455");
        assert_eq!(gtin_of_ndc("0001012345", 1).unwrap().as_str(), "10300010123452");
        assert!(gtin_of_ndc("00001-0123-45", 0).is_err());
    }

    #[test]
    fn embedded_numbers() {
        let number = |gtin: &str| embedded_number(&Gtin::new(gtin).unwrap());
        assert_eq!(number("09521568251204"), None);
        assert_eq!(number("03400930000007"), Some((Market::France, "3400930000007".into())));
    }
}
