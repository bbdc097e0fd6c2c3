//! What the crate's README promises: events interpreted whole or refused with every fault, changes judged at a site as
//! the executors judge them, packs authenticated, and disclosures that show what they should and no more.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod agreement;
mod authentication;
mod disclosure;
mod faults;
mod meaning;
mod samples;
