//! The map on disk against the one in memory, against crashes and against damage.

#![expect(clippy::unwrap_used, reason = "helpers of tests: what is absent fails the test")]

mod crash;
mod damage;
mod differential;
mod folder;
mod history;
