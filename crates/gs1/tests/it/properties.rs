//! What holds for every input: round trips, and no panic on any text.

use gs1::epc::{EpcKey, Identifier};
use gs1::lint::Linter;
use gs1::{ElementString, ExpiryDate, Gtin, Lot, SerialNumber, Sgtin, Sscc, digital_link, parse_scan};
use proptest::prelude::*;
use time::macros::date;

/// Characters of set 82.
const SET_82: &str = "[!-\"%-/0-9:-?A-Z_a-z]{1,20}";

fn gtin() -> impl Strategy<Value = Gtin> {
    "[0-9]{13}".prop_map(|stem| Gtin::from_stem(&stem).expect("thirteen digits are a stem"))
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,80}", bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let _ = parse_scan(&text, date!(2026 - 11 - 22));
            let _ = EpcKey::parse(&text);
            let _ = EpcKey::parse(&format!("urn:epc:id:{text}"));
            let _ = EpcKey::parse(&format!("urn:epc:id:sgtin:{text}"));
            let _ = gs1::epc::canonical_link(&format!("https://a/01/{text}"));
            let _ = digital_link::parse(&format!("https://a/{text}"));
            let _ = ElementString::parse(&text);
            let _ = ElementString::parse_bracketed(&text);
            let _ = ElementString::readings_without_separators(&text);
            let _ = gs1::national::Ppn::new(&text);
            let _ = text.parse::<ExpiryDate>();
            for linter in Linter::ALL {
                let _ = linter.check(&text);
            }
        }
    }

    #[test]
    fn near_misses_do_not_panic(
        text in "(\\]d2)?(01|10|17|21|\\(01\\)|\\[\\)>\\x1E06\\x1D|[0-9]{2,4}|\\x1D|9N|[!-z]){0,12}"
    ) {
        let _ = parse_scan(&text, date!(2026 - 11 - 22));
    }

    #[test]
    fn an_item_round_trips(gtin in gtin(), serial in SET_82, length in 6u8..=12) {
        let sgtin = Sgtin::new(gtin, SerialNumber::new(&serial).unwrap());
        let key = EpcKey::from(sgtin.clone());
        prop_assert_eq!(&EpcKey::parse(&key.path()).unwrap(), &key);
        prop_assert_eq!(&EpcKey::parse(&key.digital_link()).unwrap(), &key);
        let urn = key.to_urn(length).unwrap();
        let read = EpcKey::parse(&urn).unwrap();
        prop_assert_eq!(read.urn(), Some(urn));
        prop_assert_eq!(read.as_sgtin(), Some(&sgtin));
        let json = serde_json::to_string(&sgtin).unwrap();
        prop_assert_eq!(serde_json::from_str::<Sgtin>(&json).unwrap(), sgtin);
    }

    #[test]
    fn a_lot_and_a_unit_round_trip(gtin in gtin(), lot in SET_82, stem in "[0-9]{17}", length in 6u8..=12) {
        let check = char::from(gs1::check::check_digit(stem.as_bytes()));
        let unit = Sscc::new(&format!("{stem}{check}")).unwrap();
        for id in [Identifier::Lgtin { gtin, lot: Lot::new(&lot).unwrap() }, Identifier::Sscc(unit), Identifier::Gtin(gtin)] {
            let key = EpcKey::from(id);
            prop_assert_eq!(&EpcKey::parse(&key.path()).unwrap(), &key);
            prop_assert_eq!(&EpcKey::parse(&key.to_urn(length).unwrap()).unwrap(), &key);
        }
    }

    #[test]
    fn a_scan_gives_back_what_was_printed(
        gtin in gtin(), serial in SET_82, lot in SET_82, month in 1u8..=12, day in 0u8..=28, year in 0u8..=76
    ) {
        let mut printed = ElementString::default();
        let expiry = format!("{year:02}{month:02}{day:02}");
        for (ai, value) in [("01", gtin.as_str()), ("21", &serial), ("17", &expiry), ("10", &lot)] {
            printed.push(ai.parse().unwrap(), value).unwrap();
        }
        printed.check_companions().unwrap();
        let link = digital_link::write(&printed, "https://example.com/x").unwrap();
        for raw in [format!("]d2{}", printed.to_raw()), printed.to_string(), link] {
            let scan = parse_scan(&raw, date!(2026 - 11 - 22)).unwrap();
            prop_assert_eq!(scan.gtin(), Some(gtin));
            prop_assert_eq!(scan.serial().unwrap().to_string(), serial.clone());
            prop_assert_eq!(scan.lot().unwrap().to_string(), lot.clone());
            prop_assert_eq!(scan.expiry().unwrap().yymmdd(), expiry.clone());
            prop_assert!(!scan.recovered);
        }
    }

    #[test]
    fn dates_keep_their_text(year in 1i32..=9999, ordinal in 1u16..=365) {
        let date = time::Date::from_ordinal_date(year, ordinal).unwrap();
        let expiry = ExpiryDate::from_date(date).unwrap();
        prop_assert_eq!(expiry.resolved(), date);
        prop_assert_eq!(expiry.to_string().parse::<ExpiryDate>().unwrap(), expiry);
        prop_assert_eq!(ExpiryDate::new(&expiry.yymmdd(), year).unwrap(), expiry);
    }
}
