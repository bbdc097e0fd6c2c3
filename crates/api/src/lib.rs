#![doc = include_str!("../README.md")]

pub mod auth;
pub mod body;
pub mod clock;
pub mod coalesce;
pub mod config;
pub mod entropy;
pub mod idempotency;
pub mod keys;
pub mod limits;
pub mod observe;
pub mod openapi;
pub mod problem;
pub mod routes;
pub mod server;
pub mod shared;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;

pub use auth::{Allowed, permission};
pub use body::{Document, Json, Write};
pub use clock::{Clock, SharedClock};
pub use problem::{Fault, Problem, ProblemType};
pub use server::{ServiceDefinition, run};
pub use shared::Shared;
