#![doc = include_str!("../README.md")]

mod alerts;
mod batcher;
mod chain;
mod config;
mod delivery;
mod ended;
mod error;
mod executor;
mod gather;
mod inbox;
mod indexer;
pub mod limits;
mod mempool;
mod metrics;
mod notices;
mod own;
mod rest;
mod restored;
mod start;
mod time;

pub use config::{Clock, Config, Timing};
pub use ended::Ended;
pub use error::Error;
pub use metrics::consensus_metrics;
pub use start::{Node, start};
