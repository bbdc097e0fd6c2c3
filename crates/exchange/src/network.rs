//! The second swarm. Only this module and [`crate::identity`] name libp2p.
//!
//! Read `behaviour` for what a connection must pass, `links` for streams, `driver` for the one task that
//! owns the swarm.

pub(crate) mod behaviour;
pub(crate) mod codec;
pub(crate) mod driver;
pub(crate) mod gate;
pub(crate) mod links;
