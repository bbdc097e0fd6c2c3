//! What others can check of the ledger: third-party vectors, frozen bytes, forgeries, hostile bytes, histories.

#![expect(clippy::unwrap_used, reason = "helpers of tests: what is absent fails the test")]

mod conformance;
mod decoders;
mod evidence;
mod forgery;
mod golden;
mod governance;
mod handovers;
mod model;
mod rfc6962;
mod samples;
mod simulation;
