#![doc = include_str!("../README.md")]

pub mod ai;
pub mod calibration;
pub mod charset;
pub mod check;
pub mod date;
pub mod digital_link;
pub mod element;
pub mod epc;
pub mod error;
pub mod gln;
pub mod gtin;
pub mod limits;
pub mod lint;
pub mod national;
pub mod prefix;
pub mod scan;
pub mod serial;
pub mod sgtin;
pub mod sscc;
mod text;

pub use ai::Ai;
pub use calibration::Calibration;
pub use date::ExpiryDate;
pub use element::{ElementFault, ElementString};
pub use epc::{EpcKey, EpcPattern, Identifier};
pub use error::Gs1Error;
pub use gln::{Gln, GlnExtension};
pub use gtin::Gtin;
pub use prefix::CompanyPrefix;
pub use scan::{Carrier, Scan, ScanFault, Symbology, parse_scan};
pub use serial::{Lot, SerialNumber};
pub use sgtin::Sgtin;
pub use sscc::Sscc;
