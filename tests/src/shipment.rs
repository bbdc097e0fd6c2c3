//! One shipment: a pallet of 3 cases of 4 packs, with numbers drawn anew.

use anyhow::{Result, bail};
use rand::Rng;
use std::time::Duration;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::organisation::{PRODUCT, check_digit};

/// The document with its gaps.
const TEMPLATE: &str = include_str!("../../deploy/examples/shipment.xml");

/// Packs of a shipment: 3 cases of 4.
pub const PACKS: usize = 12;
/// Cases of a shipment.
pub const CASES: usize = 3;
/// Events of its document.
pub const EVENTS: usize = 8;

/// Letters and digits of serial numbers: without those that are taken for one another.
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// What was drawn, and the document made of it.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// GTIN of the packs, 14 digits.
    pub gtin: String,
    /// Lot.
    pub lot: String,
    /// Last day of use.
    pub expiry: Date,
    /// Serial numbers of the packs; each case holds the next four.
    pub packs: Vec<String>,
    /// Serial numbers of the cases.
    pub cases: Vec<String>,
    /// The pallet, 18 digits.
    pub sscc: String,
    /// Event identifiers, in the document's order.
    pub events: Vec<Uuid>,
    /// The EPCIS 1.2 document.
    pub xml: String,
}

impl Shipment {
    /// Draws one whose events happened in the last hours before `now`.
    ///
    /// # Errors
    /// When the template has a gap that is not filled.
    pub fn draw(random: &mut impl Rng, now: OffsetDateTime) -> Result<Self> {
        let packs: Vec<String> = (0..PACKS).map(|_| text(random, 12)).collect();
        let cases: Vec<String> = (0..CASES).map(|_| text(random, 8)).collect();
        let lot = format!("L{}", text(random, 6));
        let expiry = (now + Duration::from_secs(2 * 365 * 86_400)).date();
        // Extension digit 4, company prefix, serial reference of 10 digits, check digit.
        let reference = format!("{:010}", random.gen_range(0..10_000_000_000_u64));
        let stem = format!("4952100{reference}");
        let sscc = format!("{stem}{}", check_digit(&stem));
        let events: Vec<Uuid> =
            (0..EVENTS).map(|_| uuid::Builder::from_random_bytes(random.r#gen()).into_uuid()).collect();

        let mut gaps: Vec<(String, String)> = vec![
            ("DOCUMENT".to_owned(), uuid::Builder::from_random_bytes(random.r#gen()).into_uuid().to_string()),
            ("TIME_DOCUMENT".to_owned(), instant(now)?),
            ("LOT".to_owned(), lot.clone()),
            ("EXPIRY".to_owned(), expiry.format(format_description!("[year]-[month]-[day]"))?),
            ("SSCC".to_owned(), format!("4{reference}")),
            ("ORDER".to_owned(), text(random, 8)),
        ];
        let numbered = |name: &str, values: &[String]| -> Vec<(String, String)> {
            (1..)
                .zip(values)
                .map(|(number, value): (u32, _)| (format!("{name}_{number}"), value.clone()))
                .collect()
        };
        gaps.extend(numbered("PACK", &packs));
        gaps.extend(numbered("CASE", &cases));
        gaps.extend(numbered("EVENT", &events.iter().map(Uuid::to_string).collect::<Vec<_>>()));
        gaps.extend(numbered("TIME", &times(now)?));
        let xml = fill(TEMPLATE, &gaps)?;
        Ok(Self { gtin: PRODUCT.to_owned(), lot, expiry, packs, cases, sscc, events, xml })
    }

    /// What a scanner sends for a pack's GS1 DataMatrix: symbology identifier `]d2`, GTIN (01), expiry (17), lot (10)
    /// and serial number (21), the lot ended by FNC1 as GS (GS1 General Specifications, sections 5.6 and 7.8).
    ///
    /// # Errors
    /// When the date cannot be written.
    pub fn scan(&self, serial: &str) -> Result<String> {
        Self::element_string(&self.gtin, self.expiry, &self.lot, serial)
    }

    /// As [`Shipment::scan`], of any pack.
    ///
    /// # Errors
    /// When the date cannot be written.
    pub fn element_string(gtin: &str, expiry: Date, lot: &str, serial: &str) -> Result<String> {
        let expiry = expiry.format(format_description!("[year repr:last_two][month][day]"))?;
        Ok(format!("]d201{gtin}17{expiry}10{lot}\u{1d}21{serial}"))
    }

    /// GTIN of the cases: the packs' with indicator 1.
    pub fn case_gtin(&self) -> String {
        let stem = format!("1{}", self.gtin.get(1..13).unwrap_or_default());
        format!("{stem}{}", check_digit(&stem))
    }

    /// Serial numbers of the packs in one case.
    pub fn packs_of(&self, case: usize) -> &[String] {
        let per_case = PACKS / CASES;
        self.packs.get(case * per_case..(case + 1) * per_case).unwrap_or_default()
    }
}

/// When the events happened: made this morning, on the pallet by noon, left ten minutes ago.
fn times(now: OffsetDateTime) -> Result<Vec<String>> {
    [240, 239, 235, 234, 233, 60, 59, 10]
        .into_iter()
        .map(|minutes| instant(now - time::Duration::minutes(minutes)))
        .collect()
}

fn instant(at: OffsetDateTime) -> Result<String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    Ok(at.to_offset(time::UtcOffset::UTC).format(format)?)
}

fn text(random: &mut impl Rng, length: usize) -> String {
    (0..length).map(|_| char::from(ALPHABET[random.gen_range(0..ALPHABET.len())])).collect()
}

/// Fills `@NAME@` for each pair; refuses a template with other gaps.
fn fill(template: &str, gaps: &[(String, String)]) -> Result<String> {
    let (_, body) = template.split_once("-->").unwrap_or(("", template));
    let (prolog, _) = template.split_once('\n').unwrap_or(("", ""));
    let mut filled = format!("{prolog}{body}");
    for (name, value) in gaps {
        filled = filled.replace(&format!("@{name}@"), value);
    }
    if let Some((_, rest)) = filled.split_once('@') {
        bail!(
            "the shipment's template has a gap that nothing fills: @{}",
            rest.split('@').next().unwrap_or_default()
        );
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng as _;
    use std::collections::BTreeSet;

    fn draw(seed: u64) -> Shipment {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        Shipment::draw(&mut random, OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()).unwrap()
    }

    #[test]
    fn two_shipments_share_no_number() {
        let (one, two) = (draw(1), draw(2));
        let all: BTreeSet<&String> = one.packs.iter().chain(&two.packs).collect();
        assert_eq!(all.len(), 2 * PACKS);
        assert_ne!(one.sscc, two.sscc);
        assert!(one.events.iter().all(|event| !two.events.contains(event)));
        assert_eq!(draw(1).xml, one.xml, "the same seed, the same shipment");
    }

    #[test]
    fn numbers_are_gs1_keys_and_stand_in_the_document() {
        let shipment = draw(3);
        assert_eq!(shipment.sscc.len(), 18);
        let (stem, check) = shipment.sscc.split_at(17);
        assert_eq!(check_digit(stem).to_string(), check);
        assert!(shipment.xml.contains(&format!("urn:epc:id:sscc:952100.4{}", &stem[7..])));
        assert!(shipment.packs.iter().all(|serial| shipment.xml.matches(serial.as_str()).count() == 2));
        assert_eq!(shipment.xml.matches("<eventID>").count(), EVENTS);
        let scan = shipment.scan(&shipment.packs[0]).unwrap();
        assert!(scan.starts_with("]d20109521000123458172901"), "{scan}");
        assert_eq!(shipment.packs_of(2).len(), 4);
        assert_eq!(shipment.case_gtin().len(), 14);
    }
}
