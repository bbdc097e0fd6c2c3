#![doc = include_str!("../README.md")]

pub mod embedded;
mod error;
mod fnv;
pub mod limits;
mod migrate;
mod pool;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use error::{Error, SchemaFault};
pub use migrate::{check, migrate, version};
pub use pool::{DatabaseConfig, connect, connect_lazy};
pub use sqlx::{PgConnection, PgPool};
pub use tx::{TxError, TxFuture, tx};
