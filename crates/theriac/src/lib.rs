#![doc = include_str!("../README.md")]

pub mod arguments;
pub mod audit;
pub mod barcode;
pub mod epcis;
pub mod input;
pub mod limits;
pub mod lines;
pub mod network;
pub mod report;
pub mod run;
pub mod scan;
pub mod unusable;
pub mod verify;

pub use arguments::{Arguments, AuditArguments, Command, NetworkArguments, VerifyArguments};
pub use audit::Audit;
pub use input::Proof;
pub use report::Report;
pub use run::{Streams, run};
pub use scan::{Scanned, scan};
pub use unusable::Unusable;
pub use verify::verify;
