//! Tests against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

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
mod search;
mod search_plans;
mod subscriptions;
mod support;
mod transactions;
