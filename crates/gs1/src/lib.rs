#![doc = include_str!("../README.md")]

pub mod ai;
pub mod charset;
pub mod check;
pub mod date;
pub mod epc;
pub mod error;
pub mod gln;
pub mod gtin;
pub mod limits;
pub mod lint;
pub mod prefix;
pub mod serial;
pub mod sgtin;
pub mod sscc;
mod text;

pub use ai::Ai;
pub use date::ExpiryDate;
pub use epc::{EpcKey, Identifier};
pub use error::Gs1Error;
pub use gln::{Gln, GlnExtension};
pub use gtin::Gtin;
pub use prefix::CompanyPrefix;
pub use serial::{Lot, SerialNumber};
pub use sgtin::Sgtin;
pub use sscc::Sscc;
