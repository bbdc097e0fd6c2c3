//! What a scanner, a person or a document gives for a thing: its identifiers, or what is wrong with it.

use gs1::digital_link;
use gs1::epc::percent;
use gs1::{Ai, Calibration, ElementFault, ElementString, EpcKey, Gs1Error, ScanFault, parse_scan};
use serde::Serialize;
use time::Date;

use crate::report::in_words;

/// The answer about one input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scanned {
    /// Whether it is valid GS1 data, as one carrier may hold it.
    pub ok: bool,
    /// The symbology identifier, where the scanner sent one.
    pub symbology: Option<String>,
    /// Application identifiers and their data, in the order given.
    pub elements: Vec<(String, String)>,
    /// The canonical GS1 Digital Link, where the elements have one.
    pub digital_link: Option<String>,
    /// The EPC URN, where the input tells the length of the company prefix.
    pub epc: Option<String>,
    /// What is wrong. Beside data that are valid: what all carriers of the item together must still have, or may not have
    /// together, which one carrier cannot tell.
    pub faults: Vec<Fault>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Stable name; the GS1 Barcode Syntax Dictionary's where it has one.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The first character at fault, counted from 0 after a symbology identifier, where it is at one place.
    pub position: Option<u32>,
}

impl Scanned {
    fn refused(symbology: Option<String>, fault: Fault) -> Self {
        Self {
            ok: false,
            symbology,
            elements: Vec::new(),
            digital_link: None,
            epc: None,
            faults: vec![fault],
        }
    }

    /// The answer about something that is no input at all.
    #[must_use]
    pub fn unreadable(code: &'static str, message: &str) -> Self {
        Self::refused(None, Fault { code, message: message.to_owned(), position: None })
    }
}

/// Reads one input: a scan, an element string raw or bracketed, a GS1 Digital Link, or an EPC URN. `calibration` undoes
/// what a keyboard wedge did to it; `today` decides the century of dates.
#[must_use]
pub fn scan(input: &str, calibration: Option<&Calibration>, today: Date) -> Scanned {
    let makes_sense = |text: &str| parse_scan(text, today).is_ok();
    let restored = match calibration.map(|calibration| calibration.restore(input, makes_sense)).transpose() {
        Ok(restored) => restored,
        Err(fault) => {
            let fault = Fault { code: fault.code(), message: fault.to_string(), position: fault.position() };
            return Scanned::refused(None, fault);
        }
    };
    let input = restored.as_deref().unwrap_or(input);
    let framed = input.trim_end_matches(['\r', '\n']);
    match framed.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("urn:epc:")) {
        true => of_urn(framed),
        false => of_scan(input, today),
    }
}

fn of_scan(input: &str, today: Date) -> Scanned {
    let symbology = gs1::Symbology::split(input).map(|(symbology, _)| symbology.to_string());
    let scan = match parse_scan(input, today) {
        Ok(scan) => scan,
        Err(fault) => return Scanned::refused(symbology, of_scan_fault(&fault)),
    };
    let elements = of_elements(&scan.elements);
    let faults = elements.check_companions().err().iter().map(of_element_fault).collect();
    Scanned {
        ok: true,
        symbology,
        digital_link: link_of(&elements),
        epc: None,
        faults,
        elements: spelled(&elements),
    }
}

fn of_urn(urn: &str) -> Scanned {
    let key = match EpcKey::parse(urn) {
        Ok(key) => key,
        Err(fault) => return Scanned::refused(None, of_gs1_fault(&fault)),
    };
    let link = Some(key.digital_link()).filter(|link| link.starts_with("https://"));
    // The path of a key alternates identifiers and percent-encoded data.
    let path = key.path();
    let mut parts = path.split('/');
    let mut elements = Vec::new();
    while let (Some(_), Some(ai), Some(data)) = (&link, parts.next(), parts.next()) {
        elements.push((ai.to_owned(), percent::decode(data).unwrap_or_else(|_| data.to_owned())));
    }
    Scanned { ok: true, symbology: None, elements, digital_link: link, epc: key.urn(), faults: Vec::new() }
}

fn of_elements(elements: &[(Ai, String)]) -> ElementString {
    let mut string = ElementString::default();
    for (ai, value) in elements {
        // They were checked when they were read.
        let _checked = string.push(*ai, value);
    }
    string
}

fn spelled(elements: &ElementString) -> Vec<(String, String)> {
    elements.elements().iter().map(|(ai, value)| (ai.to_string(), value.clone())).collect()
}

fn link_of(elements: &ElementString) -> Option<String> {
    digital_link::write(elements, gs1::epc::CANONICAL_DOMAIN.trim_end_matches('/')).ok()
}

fn of_scan_fault(fault: &ScanFault) -> Fault {
    Fault { code: fault.code(), message: in_words(fault), position: fault.position() }
}

fn of_element_fault(fault: &ElementFault) -> Fault {
    Fault { code: fault.code(), message: in_words(fault), position: fault.position() }
}

fn of_gs1_fault(fault: &Gs1Error) -> Fault {
    Fault { code: fault.code(), message: in_words(fault), position: fault.position() }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn of(input: &str) -> Scanned {
        scan(input, None, date!(2026 - 11 - 23))
    }

    #[test]
    fn a_scan_gives_elements_and_a_link() {
        let scanned = of("]d20109521568251204215Kx9\u{1D}1727060010L1");
        assert!(scanned.ok && scanned.faults.is_empty());
        assert_eq!(scanned.symbology.as_deref(), Some("]d2"));
        assert_eq!(scanned.elements[1], ("21".to_owned(), "5Kx9".to_owned()));
        let link = "https://id.gs1.org/01/09521568251204/10/L1/21/5Kx9?17=270600";
        assert_eq!(scanned.digital_link.as_deref(), Some(link));
        assert_eq!(of(link).digital_link.as_deref(), Some(link));
        assert_eq!(scanned.epc, None);
    }

    #[test]
    fn a_urn_gives_its_link_and_itself() {
        let urn = "urn:epc:id:sgtin:952156.0825120.a%2Fb";
        let scanned = of(urn);
        assert_eq!((scanned.ok, scanned.epc.as_deref()), (true, Some(urn)));
        assert_eq!(scanned.digital_link.as_deref(), Some("https://id.gs1.org/01/09521568251204/21/a%2Fb"));
        assert_eq!(scanned.elements[1], ("21".to_owned(), "a/b".to_owned()));
        let other = of("urn:epc:id:gid:1.2.3");
        assert!(other.ok && other.elements.is_empty() && other.digital_link.is_none());
        assert!(!of("urn:epc:id:sgtin:1.2.3").ok);
    }

    #[test]
    fn faults_have_names_and_places() {
        let wrong = of("]d2010952156825120417271300");
        let fault = &wrong.faults[0];
        assert_eq!((wrong.ok, fault.code, fault.position), (false, "ILLEGAL_MONTH", Some(20)));
        let alone = of("10A");
        assert_eq!((alone.ok, alone.faults[0].code), (true, "REQUIRED_AIS_NOT_SATISFIED"));
        assert_eq!(alone.elements, [("10".to_owned(), "A".to_owned())]);
    }
}
