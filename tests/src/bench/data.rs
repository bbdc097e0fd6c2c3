//! Packs, the documents that commission them, what scanners read of them, and their records: the same for the same
//! seed. All benchmarks draw from here, so that their figures are about the same packs.

use anyhow::{Result, ensure};
use gs1::{ExpiryDate, Gtin, Lot, SerialNumber};
use ledger::status::LabelTags;
use ledger::status::Location;
use ledger::{Hash, Height, OrganisationId, PackIdentity, StatusRecord};
use lifecycle::PackState;
use std::fmt::Write as _;
use std::ops::Range;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use crate::organisation::PRODUCT;
use crate::shipment::Shipment;

/// Letters and digits of serial numbers, 32 of them: without those that are taken for one another.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// 64 bits in base 32.
const SERIAL_CHARS: usize = 13;
/// Who owns the product in every network of this crate.
const MANUFACTURER: OrganisationId = OrganisationId(1);
/// Bytes of one identifier in a document, with its quotes and comma.
const IDENTIFIER_BYTES: usize = 48;
/// Bytes of an event without its identifiers.
const EVENT_BYTES: usize = 700;

/// Makes packs by number. Two numbers never give the same serial number.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    gtin: Gtin,
    lot: Lot,
    lot_text: String,
    expiry: ExpiryDate,
    expiry_date: Date,
    now: OffsetDateTime,
}

/// A document of commissioning events.
#[derive(Debug, Clone)]
pub struct Commissioning {
    /// EPCIS 2.0 JSON.
    pub json: String,
    /// The eventIDs, in the document's order.
    pub event_ids: Vec<String>,
    /// The packs that it commissions.
    pub packs: Range<u64>,
}

impl Generator {
    /// Packs of the example product, of a lot that expires two years after `now`.
    ///
    /// # Errors
    /// When a number made here is no GS1 key.
    pub fn new(seed: u64, now: OffsetDateTime) -> Result<Self> {
        let lot_text = format!("B{:06}", seed % 1_000_000);
        let expiry_date = (now + time::Duration::days(730)).date();
        Ok(Self {
            seed,
            gtin: Gtin::new(PRODUCT)?,
            lot: Lot::new(&lot_text)?,
            lot_text,
            expiry: ExpiryDate::from_date(expiry_date)?,
            expiry_date,
            now,
        })
    }

    /// The serial number of a pack.
    pub fn serial(&self, number: u64) -> String {
        let mut bits = mixed(number.wrapping_add(mixed(self.seed)));
        let mut serial = String::with_capacity(SERIAL_CHARS);
        for _ in 0..SERIAL_CHARS {
            serial.push(char::from(ALPHABET[(bits & 31) as usize]));
            bits >>= 5;
        }
        serial
    }

    /// A pack as the ledger's names for it are made of.
    ///
    /// # Errors
    /// Never for serial numbers made here.
    pub fn pack(&self, number: u64) -> Result<PackIdentity> {
        Ok(PackIdentity { gtin: self.gtin, serial: SerialNumber::new(&self.serial(number))? })
    }

    /// The key of a pack's record.
    ///
    /// # Errors
    /// Never for serial numbers made here.
    pub fn record_key(&self, number: u64) -> Result<Hash> {
        Ok(self.pack(number)?.record_key(MANUFACTURER))
    }

    /// The record of a pack as it is after its commissioning in block `height`.
    ///
    /// # Errors
    /// Never for serial numbers made here.
    pub fn record(&self, number: u64, height: u64) -> Result<StatusRecord> {
        let pack = self.pack(number)?;
        let at_ms = u64::try_from(self.now.unix_timestamp())?.saturating_mul(1_000);
        let location = Location { height: Height(height), batch: 0, item: u32::try_from(number % 8_192)? };
        Ok(StatusRecord {
            issuer: MANUFACTURER,
            state: PackState::Active,
            version: 0,
            lock: pack.lock(0),
            label: LabelTags { lot: pack.lot_tag(&self.lot), expiry: pack.expiry_tag(&self.expiry) },
            site_tag: None,
            author: MANUFACTURER,
            site_time_ms: at_ms,
            block_time_ms: at_ms,
            commissioned: location,
            changed: location,
            plain: true,
        })
    }

    /// The JSON body in which a client sends the scan of a pack. All have the same length.
    ///
    /// # Errors
    /// When the date cannot be written.
    pub fn scan_body(&self, number: u64) -> Result<String> {
        let serial = self.serial(number);
        let scan = Shipment::element_string(self.gtin.as_str(), self.expiry_date, &self.lot_text, &serial)?;
        Ok(serde_json::json!({ "scan": scan }).to_string())
    }

    /// A document that commissions `packs` in events of `per_event`.
    ///
    /// # Errors
    /// When there are none, or a time cannot be written.
    pub fn commissioning(&self, packs: Range<u64>, per_event: u64) -> Result<Commissioning> {
        ensure!(per_event > 0 && packs.end > packs.start, "a document commissions at least one pack");
        let count = usize::try_from(packs.end - packs.start)?;
        let mut json = String::with_capacity(count.saturating_mul(IDENTIFIER_BYTES) + EVENT_BYTES);
        let time =
            self.now.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z"))?;
        let day = self.expiry_date.format(format_description!("[year]-[month]-[day]"))?;
        write!(
            json,
            "{{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\",\
             {{\"cbvmda\":\"urn:epcglobal:cbv:mda\"}}],\"type\":\"EPCISDocument\",\"schemaVersion\":\"2.0\",\
             \"creationDate\":\"{time}\",\"epcisBody\":{{\"eventList\":["
        )?;
        let mut event_ids = Vec::new();
        let mut first = packs.start;
        while first < packs.end {
            let last = packs.end.min(first.saturating_add(per_event));
            let event_id = self.event_id(first);
            if first > packs.start {
                json.push(',');
            }
            write!(
                json,
                "{{\"type\":\"ObjectEvent\",\"eventID\":\"{event_id}\",\"eventTime\":\"{time}\",\
                 \"eventTimeZoneOffset\":\"+00:00\",\"action\":\"ADD\",\"bizStep\":\"commissioning\",\
                 \"disposition\":\"active\",\"readPoint\":{{\"id\":\"urn:epc:id:sgln:952100.111111.0\"}},\
                 \"bizLocation\":{{\"id\":\"urn:epc:id:sgln:952100.111111.0\"}},\"ilmd\":{{\
                 \"cbvmda:lotNumber\":\"{}\",\"cbvmda:itemExpirationDate\":\"{day}\"}},\"epcList\":[",
                self.lot_text
            )?;
            for number in first..last {
                let comma = if number > first { "," } else { "" };
                write!(json, "{comma}\"urn:epc:id:sgtin:952100.0012345.{}\"", self.serial(number))?;
            }
            json.push_str("]}");
            event_ids.push(event_id);
            first = last;
        }
        json.push_str("]}}");
        Ok(Commissioning { json, event_ids, packs })
    }

    /// The eventID of the event that commissions a pack and those after it.
    fn event_id(&self, first: u64) -> String {
        let bits = (u128::from(mixed(!self.seed)) << 64) | u128::from(mixed(first ^ self.seed));
        format!("urn:uuid:{}", uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
    }
}

/// The idempotency key of the request number `n` of a row: any text that no other request has.
pub fn idempotency_key(row: u64, n: u64) -> Uuid {
    uuid::Builder::from_custom_bytes(((u128::from(row) << 64) | u128::from(n)).to_be_bytes()).into_uuid()
}

/// Numbers without an order, drawn one after another from a seed.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// The next number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        // The high half of the product is even over the range but for 1 part in 2^64 / end.
        let wide = u128::from(mixed(self.0)) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(0)
    }
}

/// A permutation of 64 bits without visible order: the finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable
/// Pseudorandom Number Generators, 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organisation::OrganisationSpec;
    use epcis::{Format, Limits, Reader};
    use std::collections::BTreeSet;

    fn generator(seed: u64) -> Generator {
        Generator::new(seed, OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()).unwrap()
    }

    #[test]
    fn the_same_seed_makes_the_same_packs_and_no_two_are_alike() {
        let serials: BTreeSet<String> = (0..10_000).map(|n| generator(1).serial(n)).collect();
        assert_eq!(serials.len(), 10_000);
        assert!(serials.iter().all(|serial| serial.len() == SERIAL_CHARS));
        assert_eq!(generator(1).serial(7), generator(1).serial(7));
        assert_ne!(generator(1).serial(7), generator(2).serial(7));
        let lengths: BTreeSet<usize> = (0..99).map(|n| generator(1).scan_body(n).unwrap().len()).collect();
        assert_eq!(lengths.len(), 1, "one Content-Length for all scans");
    }

    #[test]
    fn a_document_commissions_exactly_its_packs() {
        let document = generator(1).commissioning(10..35, 10).unwrap();
        let limits = Limits { document_bytes_max: document.json.len(), ..Limits::default() };
        let reader = Reader::new(document.json.as_bytes(), Format::Json, &limits).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = crate::genesis::signing_key(folder.path()).unwrap();
        let four = OrganisationSpec::four();
        let members: Vec<_> = four.iter().map(|spec| (spec, key)).collect();
        let directory = crate::genesis::genesis("test", 1, &members).unwrap().directory();
        let manufacturer = directory.organisation(MANUFACTURER).unwrap();
        let mut found = Vec::new();
        for (event, id) in reader.zip(&document.event_ids) {
            let event = event.unwrap();
            assert_eq!(event.event_id.as_ref(), Some(id));
            found.extend(capture::interpret(&event, manufacturer, &directory, 2027).unwrap().changes);
        }
        let packs: Vec<PackIdentity> = (10..35).map(|n| generator(1).pack(n).unwrap()).collect();
        assert_eq!(found.iter().map(|change| change.pack.clone()).collect::<Vec<_>>(), packs);
        let label = found[0].label.as_ref().unwrap();
        let record = generator(1).record(10, 1).unwrap();
        assert_eq!(capture::attempt::label_tags(&packs[0], label), record.label, "records fit the documents");
    }

    #[test]
    fn numbers_are_spread_over_their_range() {
        let mut numbers = Numbers::seeded(1);
        let mut counts = [0; 10];
        for _ in 0..10_000 {
            counts[numbers.below(10) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
