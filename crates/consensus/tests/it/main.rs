//! Four nodes in one process over real libp2p on loopback, with a toy application whose blocks are opaque bytes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, as tests do")]

mod byzantine;
mod cluster;
mod decide;
mod faults;
mod pace;
mod peers;
mod recovery;
mod toy;
