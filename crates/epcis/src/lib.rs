#![doc = include_str!("../README.md")]

mod fault;
mod limits;
mod model;
pub mod vocabulary;

pub use fault::{Fault, FaultCode, Severity};
pub use limits::Limits;
pub use model::*;
pub use vocabulary::Vocabulary as CbvVocabulary;
