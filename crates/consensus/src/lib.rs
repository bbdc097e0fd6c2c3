#![doc = include_str!("../README.md")]

mod app;
mod codec;
mod config;
mod context;
mod convert;
mod driver;
mod engine;
mod error;
mod handle;
mod identity;
pub mod limits;
mod metrics;
mod node;
mod signing;
mod store;
mod streams;
#[cfg(feature = "testing")]
pub mod testing;

pub use app::{App, AppError, Committed, Verdict};
pub use config::{Config, History, Timeouts};
pub use error::{Error, Result};
pub use handle::{BoxFuture, Handle, Peer, State, Status};
pub use identity::{ListenAddress, PeerAddress, peer_id};
pub use metrics::metrics;
pub use node::start;
pub use store::create;
