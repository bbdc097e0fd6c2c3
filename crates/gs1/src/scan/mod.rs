//! What a reader, a keyboard wedge or a person gives for a pack.
//!
//! [`parse_scan`] takes any of: a GS1 element string with or without symbology identifier, its human-readable
//! bracketed form, a GS1 Digital Link URI, an IFA Format 06 message, or the digits of an item number.

mod format06;
mod symbology;

use time::Date;

pub use symbology::{Carrier, Symbology};

use crate::digital_link::{self, LinkFault};
use crate::element::{ElementFault, ElementString, SEPARATOR};
use crate::limits::SCAN_BYTES_MAX;
use crate::national::Ppn;
use crate::{Ai, ExpiryDate, Gs1Error, Gtin, Lot, SerialNumber, Sgtin, Sscc};
use symbology::Content;

/// What a pack's carrier said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// What the reader said it read; `None` for readers that do not say.
    pub symbology: Option<Symbology>,
    /// The form of the data.
    pub form: Form,
    /// The elements; those of a Format 06 message under the application identifiers that mean the same.
    pub elements: Vec<(Ai, String)>,
    /// The Pharmacy Product Number of a Format 06 message.
    pub ppn: Option<Ppn>,
    /// Fields of a Format 06 message that have no application identifier: data identifier and value.
    pub other_fields: Vec<(String, String)>,
    /// True when the separators were lost and this is the single reading that is left.
    pub recovered: bool,
    /// The data, when it held no separator although one may have been lost.
    unseparated: Option<String>,
    reference_year: i32,
}

/// In which form the data came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// Application identifiers as a symbol encodes them.
    ElementString,
    /// Application identifiers in brackets, as printed beside a symbol.
    Bracketed,
    /// A GS1 Digital Link URI.
    DigitalLink,
    /// An ISO/IEC 15434 message.
    Message,
    /// The digits of an item number alone.
    ItemNumber,
}

/// Why a scan gives no data. Every fault is the reader's or the print's, none says that a pack is falsified.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanFault {
    /// Nothing was scanned.
    #[error("nothing was scanned")]
    Empty,
    /// More than a symbol can hold.
    #[error("longer than any symbol")]
    TooLong,
    /// Legible, but neither GS1 nor IFA data.
    #[error("neither GS1 nor IFA data")]
    NotGs1,
    /// The elements are not valid.
    #[error("the element string is not valid")]
    Element(#[source] ElementFault),
    /// The link is not valid.
    #[error("the link is not a valid GS1 Digital Link")]
    Link(#[source] LinkFault),
    /// The item number, or the Pharmacy Product Number, is not valid.
    #[error("the product number is not valid")]
    Product(#[source] Gs1Error),
    /// The separators were lost and more than one reading is left: scan again with another reader or setting.
    #[error("the separators were lost and the data can be read in several ways")]
    Ambiguous {
        /// The readings, for a caller that knows which packs exist; empty when there are too many to list.
        readings: Vec<ElementString>,
    },
}

impl ScanFault {
    /// The stable name of the fault; for a data field the dictionary's where it has one.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "EMPTY_SCAN",
            Self::TooLong => "SCAN_TOO_LONG",
            Self::NotGs1 => "NOT_GS1_DATA",
            Self::Element(fault) => fault.code(),
            Self::Link(fault) => fault.code(),
            Self::Product(fault) => fault.code(),
            Self::Ambiguous { .. } => "AMBIGUOUS_SCAN",
        }
    }

    /// The first character at fault, counted from 0 after the symbology identifier, when it is at one place.
    #[must_use]
    pub const fn position(&self) -> Option<u32> {
        match self {
            Self::Element(fault) => fault.position(),
            Self::Product(fault) => fault.position(),
            _ => None,
        }
    }
}

/// Characters that readers send in place of FNC1. None of them can be data of a pack: all are outside set 82.
const SUBSTITUTES: &[&str] = &["\u{241D}", "{GS}", "~d029", "|", "^", "@", "#", "è", "\t"];

/// Reads one scan; `today` decides the century of dates.
///
/// # Errors
/// A [`ScanFault`]. [`ScanFault::Ambiguous`] means "scan again", never "falsified".
pub fn parse_scan(raw: &str, today: Date) -> Result<Scan, ScanFault> {
    if raw.len() > SCAN_BYTES_MAX {
        return Err(ScanFault::TooLong);
    }
    let framed = raw.trim_end_matches(['\r', '\n']);
    if framed.is_empty() {
        return Err(ScanFault::Empty);
    }
    // Some wedges type NUL where the bracket of the symbology identifier stands.
    let framed = framed.strip_prefix('\0').map_or_else(|| framed.to_owned(), |rest| format!("]{rest}"));
    let (symbology, data) =
        Symbology::split(&framed).map_or((None, framed.as_str()), |(s, rest)| (Some(s), rest));
    let scan = Scan {
        symbology,
        form: Form::ElementString,
        elements: Vec::new(),
        ppn: None,
        other_fields: Vec::new(),
        recovered: false,
        unseparated: None,
        reference_year: today.year(),
    };
    match symbology.map(Symbology::content) {
        Some(Content::Elements) => scan.element_string(data),
        Some(Content::Item(lengths)) if lengths.contains(&data.len()) => scan.item_number(data),
        Some(Content::Item(_)) => Err(ScanFault::NotGs1),
        Some(Content::Free) if digital_link::is_link(data) => scan.link(data),
        Some(Content::Free) if format06::is_message(data) => scan.message(data),
        Some(Content::Free) => Err(ScanFault::NotGs1),
        None => scan.guess_form(data),
    }
}

impl Scan {
    /// The trade item number.
    #[must_use]
    pub fn gtin(&self) -> Option<Gtin> {
        self.get(Ai::GTIN).and_then(|text| Gtin::new(text).ok())
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> Option<SerialNumber> {
        self.get(Ai::SERIAL).and_then(|text| SerialNumber::new(text).ok())
    }

    /// The item: its trade item number and serial number together.
    #[must_use]
    pub fn sgtin(&self) -> Option<Sgtin> {
        Some(Sgtin::new(self.gtin()?, self.serial()?))
    }

    /// The lot number.
    #[must_use]
    pub fn lot(&self) -> Option<Lot> {
        self.get(Ai::LOT).and_then(|text| Lot::new(text).ok())
    }

    /// The expiry date, its original six characters kept.
    #[must_use]
    pub fn expiry(&self) -> Option<ExpiryDate> {
        self.get(Ai::EXPIRY).and_then(|text| ExpiryDate::new(text, self.reference_year).ok())
    }

    /// The logistic unit.
    #[must_use]
    pub fn sscc(&self) -> Option<Sscc> {
        self.get(Ai::SSCC).and_then(|text| Sscc::new(text).ok())
    }

    /// The National Healthcare Reimbursement Numbers, AI 710 to 717, in order.
    pub fn national_numbers(&self) -> impl Iterator<Item = (Ai, &str)> {
        self.elements
            .iter()
            .filter(|(ai, _)| ai.is_national_number())
            .map(|(ai, value)| (*ai, value.as_str()))
    }

    /// The data of one identifier.
    #[must_use]
    pub fn get(&self, ai: Ai) -> Option<&str> {
        self.elements.iter().find(|(present, _)| *present == ai).map(|(_, value)| value.as_str())
    }

    /// Whether the law lets such a symbol carry the unique identifier of a pack.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.symbology.map_or(Carrier::Unknown, Symbology::carrier)
    }

    /// Other readings of data that held no separator at all. When the pack is unknown and there is another
    /// reading, ask for another scan before raising an alert: lot and serial may have run together.
    #[must_use]
    pub fn other_readings(&self) -> Vec<ElementString> {
        let readings = self.unseparated.as_deref().and_then(ElementString::readings_without_separators);
        let mut readings = readings.unwrap_or_default();
        readings.retain(|reading| reading.elements() != self.elements);
        readings
    }

    fn guess_form(self, data: &str) -> Result<Self, ScanFault> {
        let digits = data.bytes().all(|byte| byte.is_ascii_digit());
        if digital_link::is_link(data) {
            self.link(data)
        } else if data.starts_with('(') {
            self.bracketed(data)
        } else if format06::is_message(data) {
            self.message(data)
        } else if digits && matches!(data.len(), 8 | 12 | 13 | 14) {
            self.item_number(data)
        } else {
            self.element_string(data)
        }
    }

    fn element_string(mut self, data: &str) -> Result<Self, ScanFault> {
        let data = with_separators(data);
        let separated = data.contains(SEPARATOR);
        match ElementString::parse(&data) {
            Ok(string) => self.elements = string.into_elements(),
            Err(fault) if separated => return Err(ScanFault::Element(fault)),
            Err(fault) => {
                let readings = ElementString::readings_without_separators(&data);
                match readings.as_deref() {
                    Some([]) => return Err(ScanFault::Element(fault)),
                    Some([single]) => self.elements = single.elements().to_vec(),
                    _ => {
                        return Err(ScanFault::Ambiguous { readings: readings.unwrap_or_default() });
                    }
                }
                self.recovered = true;
            }
        }
        self.unseparated = (!separated).then(|| data.into_owned());
        Ok(self)
    }

    fn bracketed(mut self, data: &str) -> Result<Self, ScanFault> {
        self.form = Form::Bracketed;
        self.elements = ElementString::parse_bracketed(data).map_err(ScanFault::Element)?.into_elements();
        Ok(self)
    }

    fn link(mut self, data: &str) -> Result<Self, ScanFault> {
        self.form = Form::DigitalLink;
        self.elements = digital_link::parse(data).map_err(ScanFault::Link)?.into_elements();
        Ok(self)
    }

    fn message(mut self, data: &str) -> Result<Self, ScanFault> {
        self.form = Form::Message;
        let message = format06::parse(data)?;
        self.elements = message.elements.into_elements();
        self.ppn = message.ppn;
        self.other_fields = message.other;
        Ok(self)
    }

    fn item_number(mut self, data: &str) -> Result<Self, ScanFault> {
        self.form = Form::ItemNumber;
        let gtin = Gtin::new(data).map_err(ScanFault::Product)?;
        self.elements = vec![(Ai::GTIN, gtin.as_str().to_owned())];
        Ok(self)
    }
}

/// Puts GS where a reader sent something else for FNC1. Only when there is no GS, and only one substitute.
fn with_separators(data: &str) -> std::borrow::Cow<'_, str> {
    if data.contains(SEPARATOR) {
        return data.into();
    }
    let mut used = SUBSTITUTES.iter().filter(|substitute| data.contains(**substitute));
    match (used.next(), used.next()) {
        (Some(substitute), None) => data.replace(substitute, "\u{1D}").into(),
        _ => data.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 11 - 22);

    fn scan(raw: &str) -> Scan {
        parse_scan(raw, TODAY).unwrap()
    }

    #[test]
    fn the_forms_of_one_pack() {
        for raw in [
            "]d20109521568251204215Kx9\u{1D}1727060010L1",
            "\0d20109521568251204215Kx9\u{1D}1727060010L1\r\n",
            "\u{1D}0109521568251204215Kx9\u{1D}1727060010L1\u{1D}",
            "0109521568251204215Kx9{GS}1727060010L1",
            "^0109521568251204215Kx9^1727060010L1",
            "(01)09521568251204(21)5Kx9(17)270600(10)L1",
            "https://example.com/01/9521568251204/10/L1/21/5Kx9?17=270600",
            "]Q1https://example.com/01/9521568251204/10/L1/21/5Kx9?17=270600",
        ] {
            let scan = scan(raw);
            assert_eq!(scan.sgtin().unwrap().path(), "01/09521568251204/21/5Kx9", "{raw}");
            assert_eq!(scan.lot().unwrap().as_str(), "L1");
            assert_eq!(scan.expiry().unwrap().yymmdd(), "270600");
            assert!(!scan.recovered);
        }
    }

    #[test]
    fn format_06() {
        let raw = "]d1[)>\u{1E}06\u{1D}9N111234567842\u{1D}1T12345ABCD\u{1D}D270600\u{1D}S12345ABCDEF98765\u{1E}\u{04}";
        let scan = scan(raw);
        assert_eq!((scan.form, scan.carrier()), (Form::Message, Carrier::Valid));
        assert_eq!(scan.ppn.as_ref().unwrap().as_str(), "111234567842");
        assert_eq!(scan.gtin(), scan.ppn.as_ref().unwrap().ntin());
        assert_eq!(scan.serial().unwrap().as_str(), "12345ABCDEF98765");
        assert_eq!(scan.lot().unwrap().as_str(), "12345ABCD");
    }

    #[test]
    fn item_numbers_and_units() {
        assert_eq!(scan("]E04012345123456").gtin().unwrap().as_str(), "04012345123456");
        assert_eq!(scan("4012345123456").form, Form::ItemNumber);
        assert_eq!(scan("]C100106141412345678908").sscc().unwrap().as_str(), "106141412345678908");
        assert_eq!(scan("]C100106141412345678908").carrier(), Carrier::Invalid);
    }

    #[test]
    fn lost_separators() {
        let fault = parse_scan("1021072911172405310100693570007182", TODAY).unwrap_err();
        assert_eq!(fault.code(), "AMBIGUOUS_SCAN");
        let scan = scan("1724053121ABCDEFGHIJKLMNOPQRST10XYZ0100693570007182");
        assert!(scan.recovered && scan.other_readings().is_empty());
        assert_eq!(scan.serial().unwrap().as_str(), "ABCDEFGHIJKLMNOPQRST");
        // The exact reading stands, but says that lot and serial may have run together.
        let run_together = self::scan("01095215682512041727060021ABC10L1");
        assert_eq!(run_together.serial().unwrap().as_str(), "ABC10L1");
        assert_eq!(run_together.other_readings().len(), 1);
    }

    #[test]
    fn faults() {
        let code = |raw: &str| parse_scan(raw, TODAY).unwrap_err().code();
        assert_eq!(code(""), "EMPTY_SCAN");
        assert_eq!(code("\r\n"), "EMPTY_SCAN");
        assert_eq!(code(&"1".repeat(9000)), "SCAN_TOO_LONG");
        assert_eq!(code("]d1hello"), "NOT_GS1_DATA");
        assert_eq!(code("]d2"), "NO_ELEMENT");
        assert_eq!(code("]d20109521568251205"), "INCORRECT_CHECK_DIGIT");
        assert_eq!(code("]d2010952156825120421A B"), "INVALID_CSET82_CHARACTER");
        assert_eq!(code("4012345123457"), "INCORRECT_CHECK_DIGIT");
        assert_eq!(code("hello"), "AI_UNRECOGNISED");
        let fault = parse_scan("]d2010952156825120417271300", TODAY).unwrap_err();
        assert_eq!((fault.code(), fault.position()), ("ILLEGAL_MONTH", Some(20)));
    }
}
