#![doc = include_str!("../README.md")]

pub mod alerts;
pub mod auth;
pub mod authenticate;
pub mod body;
pub mod changes;
pub mod clock;
pub mod coalesce;
pub mod config;
pub mod cursor;
pub mod directory;
pub mod directory_changes;
pub mod entropy;
pub mod epcis_faults;
pub mod finality;
pub mod genesis;
pub mod goods;
pub mod idempotency;
pub mod intake;
pub mod keys;
pub mod label;
pub mod limits;
pub mod observe;
pub mod openapi;
mod parameters;
pub mod problem;
pub mod proofs;
pub mod routes;
pub mod server;
pub mod shared;
mod subscriptions;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod unread;
pub mod worker;

pub use auth::{Allowed, permission};
pub use body::{Document, Json, Write};
pub use clock::{Clock, SharedClock};
pub use directory::{DirectoryView, SharedDirectory};
pub use finality::{Fate, Finality};
pub use genesis::GenesisError;
pub use problem::{Fault, Problem, ProblemType};
pub use server::{ServiceDefinition, run};
pub use shared::Shared;
