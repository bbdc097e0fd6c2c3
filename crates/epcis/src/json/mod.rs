//! The JSON-LD binding (EPCIS 2.0 section 10).

mod context;
mod read;
mod scan;

pub(crate) use read::JsonReader;
