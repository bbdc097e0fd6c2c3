//! What a client says of a pack: the scan as the scanner sent it, or the fields of the label one by one.

use capture::Subject;
use gs1::{
    Ai, Carrier, ElementString, ExpiryDate, Gs1Error, Gtin, Lot, Scan, ScanFault, SerialNumber, parse_scan,
};
use ledger::PackIdentity;
use serde::Deserialize;
use time::Date;

use crate::problem::{Fault, Problem, ProblemType};

/// What a label says: either `scan`, or `gtin` and `serial` with as much of the rest as was read.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackLabel {
    /// What the scanner sent, with symbology identifier where it sends one: `]d2010952156825120421...`. A GS1
    /// element string, its bracketed form, a GS1 Digital Link or an IFA message.
    #[serde(default)]
    pub scan: Option<String>,
    /// GTIN, 8 to 14 digits.
    #[serde(default)]
    pub gtin: Option<String>,
    /// Serial number, case-sensitive.
    #[serde(default)]
    pub serial: Option<String>,
    /// Lot number.
    #[serde(default)]
    pub lot: Option<String>,
    /// Expiry date as printed, `YYMMDD`; day `00` is the month's end.
    #[serde(default)]
    pub expiry: Option<String>,
}

/// A label that was read.
#[derive(Debug, Clone)]
pub struct ReadLabel {
    /// The pack and what its label says.
    pub subject: Subject,
    /// Whether separators may have been lost and the data can be read otherwise: an unknown serial number is then
    /// more likely the reader's fault than a falsification.
    pub other_readings: bool,
    /// Where in the request the pack is named: `/scan` or `/serial`.
    pub pointer: &'static str,
}

/// Where the fields of a label are in a request.
#[derive(Debug, Clone, Copy)]
struct Places {
    gtin: &'static str,
    serial: &'static str,
    lot: &'static str,
    expiry: &'static str,
}

const BODY: Places = Places { gtin: "/gtin", serial: "/serial", lot: "/lot", expiry: "/expiry" };
/// Names of a GS1 Digital Link's parts: path segments, and the attribute 17 in the query.
const LINK: Places = Places { gtin: "gtin", serial: "serial", lot: "lot", expiry: "17" };

impl PackLabel {
    /// Reads the label; `today` decides the century of dates.
    ///
    /// # Errors
    /// `invalid-field` or `check-digit` with place and, in a scan, column; `ambiguous-scan`.
    pub fn read(&self, today: Date) -> Result<ReadLabel, Problem> {
        let fields = [&self.gtin, &self.serial, &self.lot, &self.expiry];
        match &self.scan {
            Some(scan) if fields.iter().all(|field| field.is_none()) => read_scan(scan, today),
            Some(_) => {
                let message = "give either the scan or the fields of the label, not both";
                Err(Problem::invalid(vec![Fault::new("scan-and-fields", message).at("/scan")]))
            }
            None => self.read_fields(today, BODY),
        }
    }

    /// Reads the label of a GS1 Digital Link whose parts were already taken apart.
    ///
    /// # Errors
    /// As [`PackLabel::read`]; faults name the path segment or query parameter.
    pub fn read_link(&self, today: Date) -> Result<ReadLabel, Problem> {
        self.read_fields(today, LINK)
    }

    fn read_fields(&self, today: Date, at: Places) -> Result<ReadLabel, Problem> {
        let mut faults = Vec::new();
        let gtin = needed(&self.gtin, at.gtin, Gtin::new, &mut faults);
        let serial = needed(&self.serial, at.serial, SerialNumber::new, &mut faults);
        let lot = optional(&self.lot, at.lot, Lot::new, &mut faults);
        let date = |text: &str| ExpiryDate::new(text, today.year());
        let expiry = optional(&self.expiry, at.expiry, date, &mut faults);
        let (Some(gtin), Some(serial), true) = (gtin, serial, faults.is_empty()) else {
            return Err(Problem::invalid(faults));
        };
        let subject = Subject { pack: PackIdentity { gtin, serial }, lot, expiry };
        of_pack(ReadLabel { subject, other_readings: false, pointer: at.serial }, at.gtin)
    }
}

fn needed<T>(
    text: &Option<String>,
    at: &str,
    read: impl Fn(&str) -> Result<T, Gs1Error>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    if text.is_none() {
        faults.push(Fault::new("missing", "the field is needed, or a scan").at(at));
    }
    optional(text, at, read, faults)
}

fn optional<T>(
    text: &Option<String>,
    at: &str,
    read: impl Fn(&str) -> Result<T, Gs1Error>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match read(text.as_deref()?) {
        Ok(value) => Some(value),
        Err(error) => {
            faults.push(with_column(Fault::from(&error).at(at), error.position()));
            None
        }
    }
}

/// Only packs have a status: cases and pallets are told apart by their number.
fn of_pack(label: ReadLabel, at: &str) -> Result<ReadLabel, Problem> {
    if label.subject.pack.gtin.is_pack() {
        return Ok(label);
    }
    let message = "the GTIN names a grouping or a variable measure item, not a pack";
    Err(Problem::invalid(vec![Fault::new("not-a-pack", message).at(at)]))
}

fn read_scan(text: &str, today: Date) -> Result<ReadLabel, Problem> {
    let scan = parse_scan(text, today).map_err(|fault| unreadable(&fault))?;
    if scan.carrier() == Carrier::Invalid {
        let message = "this symbol may not carry the unique identifier of a pack; scan the Data Matrix code";
        return Err(Problem::invalid(vec![Fault::new("carrier", message).at("/scan")]));
    }
    let (Some(gtin), Some(serial)) = (scan.gtin(), scan.serial()) else {
        // A serial number that another reading has was not missing: it ran together with the lot before it.
        let elsewhere =
            |reading: &ElementString| [Ai::GTIN, Ai::SERIAL].into_iter().all(|ai| reading.get(ai).is_some());
        return Err(match scan.other_readings().iter().any(elsewhere) {
            true => ambiguous("/scan"),
            false => Problem::invalid(missing(&scan)),
        });
    };
    let subject = Subject { pack: PackIdentity { gtin, serial }, lot: scan.lot(), expiry: scan.expiry() };
    let other_readings = !scan.other_readings().is_empty();
    of_pack(ReadLabel { subject, other_readings, pointer: "/scan" }, "/scan")
}

fn missing(scan: &Scan) -> Vec<Fault> {
    let wanted = [
        (Ai::GTIN, "the scan holds no GTIN (AI 01)"),
        (Ai::SERIAL, "the scan holds no serial number (AI 21)"),
    ];
    let absent = wanted.iter().filter(|(ai, _)| scan.get(*ai).is_none());
    absent.map(|(_, message)| Fault::new("missing", message).at("/scan")).collect()
}

fn unreadable(fault: &ScanFault) -> Problem {
    if matches!(fault, ScanFault::Ambiguous { .. }) {
        return ambiguous("/scan");
    }
    let cause = std::error::Error::source(fault);
    let message = cause.map_or_else(|| fault.to_string(), |cause| format!("{fault}: {cause}"));
    Problem::invalid(vec![with_column(Fault::new(fault.code(), message).at("/scan"), fault.position())])
}

/// The scan must be done again: no alert is raised for it.
#[must_use]
pub fn ambiguous(pointer: &str) -> Problem {
    let message = "lot and serial number may have run together";
    Problem::new(ProblemType::AmbiguousScan).with_fault(Fault::new("AMBIGUOUS_SCAN", message).at(pointer))
}

/// A Digital Link that says two things of one element.
#[must_use]
pub fn contradicting(name: &str) -> Problem {
    let message = "path and query of the link give different values";
    Problem::new(ProblemType::AmbiguousScan).with_fault(Fault::new("AMBIGUOUS_SCAN", message).at(name))
}

fn with_column(fault: Fault, position: Option<u32>) -> Fault {
    match position {
        Some(position) => fault.at_line(1, position.saturating_add(1)),
        None => fault,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 23);

    fn scan(text: &str) -> Result<ReadLabel, Problem> {
        PackLabel { scan: Some(text.to_owned()), ..PackLabel::default() }.read(TODAY)
    }

    #[test]
    fn an_element_string_gives_the_whole_label() {
        let read = scan("]d201095215682512041727063010LOT1\u{1d}215Kx9").unwrap();
        assert_eq!(read.subject.pack.serial.as_str(), "5Kx9");
        assert_eq!(read.subject.lot.unwrap().as_str(), "LOT1");
        assert_eq!(read.subject.expiry.unwrap().yymmdd(), "270630");
        assert!(!read.other_readings);
    }

    #[test]
    fn faults_name_their_place_and_type() {
        let digit = scan("]d2010952156825120521A").unwrap_err();
        assert_eq!(digit.kind(), ProblemType::CheckDigit);
        let fault = digit.faults().first().unwrap();
        assert_eq!((fault.pointer.as_deref(), fault.line), (Some("/scan"), Some(1)));
        assert_eq!(scan("]C1010952156825120421A").unwrap_err().faults().first().unwrap().code, "carrier");
        assert_eq!(scan("9521568251204").unwrap_err().faults().first().unwrap().code, "missing");
        let none = PackLabel::default().read(TODAY).unwrap_err();
        let places: Vec<_> = none.faults().iter().filter_map(|f| f.pointer.as_deref()).collect();
        assert_eq!(places, ["/gtin", "/serial"]);
    }

    #[test]
    fn a_serial_number_that_ran_together_with_the_lot_is_not_missing() {
        let lost = scan("]d201095215682512041728030010A12321S1").unwrap_err();
        assert_eq!(lost.kind(), ProblemType::AmbiguousScan);
        let none = scan("]d2010952156825120410A").unwrap_err();
        assert_eq!(none.kind(), ProblemType::InvalidField);
    }

    #[test]
    fn a_case_is_not_a_pack_and_scan_and_fields_exclude_each_other() {
        let label = |gtin: &str| PackLabel {
            gtin: Some(gtin.to_owned()),
            serial: Some("A".to_owned()),
            ..PackLabel::default()
        };
        assert!(label("09521568251204").read(TODAY).is_ok());
        let case = Gtin::new("09521568251204").unwrap().with_indicator(1).unwrap();
        assert_eq!(
            label(case.as_str()).read(TODAY).unwrap_err().faults().first().unwrap().code,
            "not-a-pack"
        );
        let both = PackLabel { scan: Some("x".to_owned()), ..label("09521568251204") };
        assert_eq!(both.read(TODAY).unwrap_err().faults().first().unwrap().code, "scan-and-fields");
        assert!(both.read_link(TODAY).is_ok());
    }
}
