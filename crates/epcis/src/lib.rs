#![doc = include_str!("../README.md")]

mod assemble;
mod fault;
mod json;
mod limits;
mod model;
mod reader;
mod text;
mod tree;
pub mod vocabulary;
mod xml;

pub use fault::{Fault, FaultCode, Severity};
pub use limits::Limits;
pub use model::*;
pub use reader::{Format, Reader};
pub use vocabulary::Vocabulary as CbvVocabulary;
