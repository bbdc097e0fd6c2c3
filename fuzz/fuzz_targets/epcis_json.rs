//! EPCIS JSON and JSON-LD: no input panics or exhausts, and what is read survives being written.
#![no_main]

use epcis::{CbvVersion, Format};
use libfuzzer_sys::fuzz_target;

#[path = "documents.rs"]
mod documents;

fuzz_target!(|bytes: &[u8]| {
    let Some(document) = documents::read(bytes, Format::Json) else { return };
    let text = document.to_json();
    documents::survives(&document, &text, Format::Json);
    for event in &document.events {
        // The hash covers any event that was read.
        assert!(event.hash_id(CbvVersion::V2_0).starts_with("ni:///sha-256;"));
    }
});
