//! What scanners send: element strings, bracketed forms, ISO/IEC 15434 messages, links, item numbers.
#![no_main]

use gs1::{ElementString, parse_scan};
use libfuzzer_sys::fuzz_target;
use time::macros::date;

fuzz_target!(|text: &str| {
    if let Ok(elements) = ElementString::parse(text) {
        let raw = elements.to_raw();
        assert_eq!(ElementString::parse(&raw).as_ref(), Ok(&elements), "{raw:?}");
        let _faults = elements.check_companions();
    }
    if let Ok(elements) = ElementString::parse_bracketed(text) {
        assert_eq!(ElementString::parse(&elements.to_raw()), Ok(elements));
    }
    if let Ok(scan) = parse_scan(text, date!(2026 - 11 - 23)) {
        let _read = (scan.sgtin(), scan.lot(), scan.expiry(), scan.sscc(), scan.carrier(), scan.other_readings());
    }
});
