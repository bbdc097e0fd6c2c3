#![doc = include_str!("../README.md")]

mod assemble;
mod build;
mod disassemble;
mod fault;
mod fields;
mod hash;
mod json;
mod limits;
pub mod model;
mod prefixes;
pub mod query;
mod reader;
mod text;
mod tree;
mod validate;
pub mod vocabulary;
mod writer;
mod xml;

pub use build::{Consignment, Occasion, Removal};
pub use fault::{Fault, FaultCode, Severity};
pub use hash::CbvVersion;
pub use limits::Limits;
pub use model::*;
pub use reader::{Format, Reader};
pub use vocabulary::Vocabulary as CbvVocabulary;
pub use writer::Writer;
pub use xml::XmlVersion;
