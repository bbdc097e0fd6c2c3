#![doc = include_str!("../README.md")]

pub mod arguments;
pub mod input;
pub mod limits;
pub mod network;
pub mod report;
pub mod run;
pub mod unusable;
pub mod verify;

pub use arguments::{Arguments, Command, NetworkArguments, VerifyArguments};
pub use input::Proof;
pub use report::Report;
pub use run::run;
pub use unusable::Unusable;
pub use verify::verify;
