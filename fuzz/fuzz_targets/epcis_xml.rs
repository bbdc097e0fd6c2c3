//! EPCIS XML, all versions: no input panics or exhausts, and what is read survives being written.
#![no_main]

use epcis::{Format, XmlVersion};
use libfuzzer_sys::fuzz_target;

#[path = "documents.rs"]
mod documents;

fuzz_target!(|bytes: &[u8]| {
    let Some(document) = documents::read(bytes, Format::Xml) else { return };
    documents::survives(&document, &document.to_json(), Format::Json);
    if let Ok(text) = document.to_xml(XmlVersion::V2_0) {
        documents::survives(&document, &text, Format::Xml);
    }
});
