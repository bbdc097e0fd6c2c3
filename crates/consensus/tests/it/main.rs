//! Four nodes in one process over real libp2p on loopback, with a toy application whose blocks are opaque bytes.

mod byzantine;
mod cluster;
mod decide;
mod faults;
mod pace;
mod peers;
mod recovery;
mod toy;
