//! GS1 Digital Links and EPC URNs: every spelling of a key leads to one canonical one.
#![no_main]

use gs1::{EpcKey, digital_link};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(key) = EpcKey::parse(text) {
        let path = key.path();
        let again = EpcKey::parse(&path).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        assert_eq!(again.path(), path, "{text:?}");
        let link = EpcKey::parse(&key.digital_link()).unwrap_or_else(|fault| panic!("{path}: {fault}"));
        assert_eq!(link.path(), path, "{text:?}");
        if let Some(urn) = key.urn() {
            let urned = EpcKey::parse(&urn).unwrap_or_else(|fault| panic!("{urn}: {fault}"));
            assert_eq!(urned.path(), path, "{text:?}");
        }
    }
    if let Ok(elements) = digital_link::parse(text)
        && let Ok(link) = digital_link::write(&elements, "https://id.gs1.org")
    {
        let again = digital_link::parse(&link).unwrap_or_else(|fault| panic!("{link}: {fault}"));
        let sorted = |elements: &gs1::ElementString| {
            let mut elements = elements.elements().to_vec();
            elements.sort();
            elements
        };
        assert_eq!(sorted(&again), sorted(&elements), "{link}");
    }
});
