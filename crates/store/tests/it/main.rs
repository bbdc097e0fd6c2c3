//! Tests against a real PostgreSQL.

mod clients;
mod custody;
mod embedded;
mod events;
mod exchange;
mod jobs;
mod ledger;
mod migrations;
mod notify;
mod outbox;
mod partitions;
mod plans;
mod support;
mod transactions;
