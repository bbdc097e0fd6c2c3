#![doc = include_str!("../README.md")]

// How it works.
pub mod audit;
mod convert;
mod copy;
pub mod embedded;
mod error;
mod fnv;
pub mod limits;
mod migrate;
pub mod notify;
pub mod partition;
mod pool;
pub mod signer_lock;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

// The API's side: a module per table.
pub mod alert;
pub mod alert_action;
pub mod alert_forward;
pub mod api_client;
pub mod batch;
pub mod batch_leaves;
pub mod capture_job;
pub mod custody;
pub mod directory_request;
pub mod event;
pub mod event_epc;
pub mod event_identity;
pub mod event_measure;
pub mod event_value;
pub mod expected_receipt;
pub mod idempotency;
pub mod known_event;
pub mod lookup_log;
pub mod lot;
pub mod master_data;
pub mod message_in;
pub mod message_out;
pub mod named_query;
pub mod outbox;
pub mod pending_change;
pub mod raised_alert;
pub mod shipment;
pub mod subscription;
pub mod update_refusal;

// The ledger's side: a module per table.
pub mod block;
pub mod block_batch;
pub mod directory_entry;
pub mod node_state;
pub mod status_history;
pub mod status_record;

pub use convert::Bytes32;
pub use error::{Error, SchemaFault};
pub use migrate::{check, migrate, version};
pub use pool::{DatabaseConfig, connect, connect_lazy};
pub use sqlx::types::JsonValue;
pub use sqlx::{PgConnection, PgPool};
pub use tx::{TxError, TxFuture, tx};
