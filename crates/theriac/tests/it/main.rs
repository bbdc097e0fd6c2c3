//! The real executable on real files: proofs of the ledger's test kit, as JSON and in canonical encoding.

#![expect(clippy::unwrap_used, reason = "helpers of tests: what is absent fails the test")]

mod audit;
mod broken;
mod filled;
mod formats;
mod kit;
mod network;
mod proven;
mod streaming;
mod unusable;
