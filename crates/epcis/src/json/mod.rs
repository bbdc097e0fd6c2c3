//! The JSON-LD binding (EPCIS 2.0 section 10).

mod context;
mod read;
mod scan;
mod write;

pub(crate) use read::JsonReader;
pub(crate) use write::{closing, document_to_json, event_to_json, nested_extensions, opening};
