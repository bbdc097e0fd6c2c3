//! Tests against a real PostgreSQL.

mod embedded;
mod migrations;
