#![doc = include_str!("../README.md")]

mod config;
mod error;
mod handle;
mod identity;
mod inbox;
pub mod limits;
mod message;
mod metrics;
mod network;
mod outbox;
mod rate;
pub mod retry;
mod table;
mod wire;

pub use libp2p::{Multiaddr, PeerId};

pub use crate::config::{Config, Peer};
pub use crate::error::{Error, SendError};
pub use crate::handle::{Handle, start};
pub use crate::identity::{Identity, peer_id};
pub use crate::inbox::Inbox;
pub use crate::limits::Limits;
pub use crate::message::{
    Alert, DisclosedEvent, MALFORMED, Message, Reply, Shipment, ShipmentNotice, UNSUPPORTED,
};
pub use crate::metrics::Metrics;
pub use crate::retry::next_attempt;
pub use crate::table::{PeerStatus, PeerWatch};
pub use crate::wire::MessageError;
