#![doc = include_str!("../README.md")]

pub mod attempt;
pub mod authenticate;
pub mod disclosed;
pub mod fault;
pub mod interpret;
pub mod meaning;

pub use attempt::{Attempt, Rejection, Site};
pub use authenticate::{Answer, Subject};
pub use fault::{FAULTS_MAX, Fault, FaultCode};
pub use interpret::interpret;
pub use meaning::{CustodyMove, Label, Meaning, PackChange};

use epcis::Event;
use ledger::Hash;
use ledger::commitment::{Salt, commit};

/// What the ledger knows of an event: the commitment to its fields under its salt.
pub fn commitment(event: &Event, salt: &Salt) -> Hash {
    commit(salt, &event.fields())
}
