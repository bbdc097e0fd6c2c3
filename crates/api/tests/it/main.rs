//! The base over HTTP: a bound server, a real PostgreSQL, a service of two routes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod auth;
mod capture;
mod chain;
mod cli;
mod edges;
mod errors;
mod node;
mod operate;
mod packs;
mod sample;
mod subscriptions;
mod writes;
