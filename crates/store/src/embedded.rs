//! A private PostgreSQL server for whoever sets no `DATABASE_URL`: finds the installed binaries, makes a cluster
//! with checksums in a folder of its own, and runs it on a Unix socket that only this user can open.
//!
//! The server is a process group of its own and outlives a crash of its starter on purpose: Ctrl-C reaches the
//! services first, and the next [`Cluster::start`] on the same folder takes a live server over. Nothing is
//! installed or downloaded here.

mod account;
mod binaries;
mod cluster;
mod databases;
mod error;
mod layout;
mod postmaster;
mod settings;

pub use account::Account;
pub use binaries::{Binaries, MAJOR_MIN, install_line};
pub use cluster::{Cluster, ClusterConfig, StopMode};
pub use error::EmbeddedError;
