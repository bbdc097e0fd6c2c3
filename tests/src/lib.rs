#![doc = include_str!("../README.md")]

pub mod bench;
pub mod client;
pub mod command;
pub mod configuration;
pub mod genesis;
pub mod journey;
pub mod network;
pub mod organisation;
pub mod ports;
pub mod process;
pub mod reset;
pub mod service;
pub mod shipment;
pub mod state;
pub mod testdata;
pub mod until;

pub use client::{Answer, Client};
pub use network::{Clusters, Network, NetworkBuilder};
pub use organisation::OrganisationSpec;
pub use service::Service;
pub use shipment::Shipment;

/// The machine's time, in milliseconds since 1970 UTC.
pub fn now_ms() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the harness plays the outside world, which has a clock")]
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
