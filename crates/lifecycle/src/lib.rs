#![doc = include_str!("../README.md")]

pub mod admit;
pub mod alert;
pub mod matrix;
pub mod role;
pub mod state;
pub mod transition;
pub mod verdict;

pub use admit::{Change, Current, Refusal, Windows, admit};
pub use alert::{Alert, AlertCode, AlertLevel};
pub use matrix::{Matrix, MatrixRow};
pub use role::Role;
pub use state::PackState;
pub use transition::Transition;
pub use verdict::{Colour, Label, Standing, Verdict, VerdictCode, judge};

/// A byte on the ledger that names no known variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{value} is not the code of a {kind}")]
pub struct UnknownCode {
    /// What was being read, in words.
    pub kind: &'static str,
    /// The byte that was found.
    pub value: u8,
}
