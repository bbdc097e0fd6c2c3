//! Reading a whole database for an audit: one snapshot, nothing written, bounded memory.
//!
//! Rows come as they are stored, without the conversions that the other modules make: an auditor looks at rows that may
//! be damaged, and names them, where a service stops. Large tables are handed over row by row while the server sends
//! them. All statements run in one repeatable-read, read-only transaction, so that a service may go on writing; a role
//! that may `SELECT` is enough.

mod chain;
mod events;
mod own;
mod partners;

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _, PgConnection};

use crate::error::Error;
use crate::migrate;
use crate::pool::DatabaseConfig;

pub use chain::{AuditBatch, AuditBlock, AuditChange, AuditEntry, AuditRecord, AuditState};
pub use events::{AuditAnchor, AuditEpc, AuditEvent, AuditIdentity, AuditMeasure, Indexed};
pub use own::{AuditLeaves, AuditOutbox, AuditOwnBatch, AuditRefusal};
pub use partners::{AuditKnown, AuditKnownEpc};

/// How long the server waits for an auditor that has stopped reading before it gives up the snapshot, which holds back
/// cleaning: longer than any single step of an audit takes.
const IDLE_MAX: Duration = Duration::from_secs(600);

/// One state of a database, as long as this value lives.
#[derive(Debug)]
pub struct Snapshot {
    conn: PgConnection,
}

/// How much there is to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Height of the highest block; 0: none.
    pub height: i64,
    /// Events.
    pub events: i64,
}

impl Snapshot {
    /// Connects, checks that the schema is the known one, and takes a snapshot.
    ///
    /// # Errors
    /// [`Error::Configuration`], [`Error::Unavailable`], [`Error::UnknownSchema`].
    pub async fn open(url: &str) -> Result<Self, Error> {
        let mut conn = options(url)?.connect().await?;
        migrate::check_connection(&mut conn).await?;
        conn.execute("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?;
        Ok(Snapshot { conn })
    }

    /// How much there is to read.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn extent(&mut self) -> Result<Extent, Error> {
        let extent = sqlx::query_as!(
            Extent,
            r#"SELECT (SELECT coalesce(max(height), 0) FROM block) AS "height!",
                      (SELECT count(*) FROM event) AS "events!""#,
        )
        .fetch_one(&mut self.conn)
        .await?;
        Ok(extent)
    }

    /// Ends the snapshot.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn close(mut self) -> Result<(), Error> {
        self.conn.execute("ROLLBACK").await?;
        Ok(sqlx::Connection::close(self.conn).await?)
    }
}

/// Here whole tables are read: the planner may scan and sort, which sessions of a service avoid, and may take its time.
fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let config = DatabaseConfig { application_name: "theriac audit".to_owned(), ..DatabaseConfig::new(url) };
    let on = |name| (name, "on".to_owned());
    Ok(config.connect_options()?.options([
        ("plan_cache_mode", "force_custom_plan".to_owned()),
        on("enable_seqscan"),
        on("enable_hashjoin"),
        on("enable_mergejoin"),
        on("default_transaction_read_only"),
        ("statement_timeout", "0".to_owned()),
        ("idle_in_transaction_session_timeout", IDLE_MAX.as_millis().to_string()),
    ]))
}

/// Hands the rows of a statement over one by one.
macro_rules! each {
    ($self:ident, $visit:ident, $statement:expr) => {{
        use futures::TryStreamExt as _;
        let mut rows = $statement.fetch(&mut $self.conn);
        while let Some(row) = rows.try_next().await? {
            $visit(row);
        }
        Ok(())
    }};
}
pub(crate) use each;
