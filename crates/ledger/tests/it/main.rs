//! What others can check of the ledger: third-party vectors, frozen bytes, forgeries, hostile bytes, histories.

mod conformance;
mod decoders;
mod evidence;
mod forgery;
mod golden;
mod model;
mod samples;
mod simulation;
