//! What PostgreSQL itself can do with the same rows on the same disk: the limits that figures are compared with.
//! Everything here is in tables of its own, `bench_…`, and durable as any commit.

use anyhow::Result;
use futures::TryStreamExt as _;
use futures::future::try_join_all;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::time::{Duration, Instant};
use store::{DatabaseConfig, PgPool};

use super::quantiles::Quantiles;

/// Bytes sent in one message.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of a row in the table of commits: about those of an event with one pack.
const COMMIT_ROW_BYTES: usize = 500;

/// Rows of a query in PostgreSQL's binary form, and the columns' table to put them into.
#[derive(Debug)]
pub struct Copied {
    table: &'static str,
    bytes: Vec<u8>,
}

/// Opens one connection with the services' settings.
///
/// # Errors
/// When the database does not answer.
pub async fn connection(url: &str) -> Result<PgConnection> {
    Ok(PgConnection::connect_with(&DatabaseConfig::new(url).connect_options()?).await?)
}

/// Takes rows out, and makes an empty table for them without any index, called `table`.
///
/// # Errors
/// When the query fails.
pub async fn copy_out(conn: &mut PgConnection, table: &'static str, select: &str) -> Result<Copied> {
    execute(conn, format!("DROP TABLE IF EXISTS {table}")).await?;
    execute(conn, format!("CREATE TABLE {table} AS {select} WITH NO DATA")).await?;
    let mut rows = conn.copy_out_raw(&format!("COPY ({select}) TO STDOUT (FORMAT BINARY)")).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = rows.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(Copied { table, bytes })
}

/// Puts all rows into their tables in one transaction, and says how long that took until it was committed.
///
/// # Errors
/// When it fails.
pub async fn copy_in(conn: &mut PgConnection, copied: &[Copied]) -> Result<Duration> {
    let start = Instant::now();
    execute(conn, "BEGIN".to_owned()).await?;
    for rows in copied {
        let mut copy = conn.copy_in_raw(&format!("COPY {} FROM STDIN (FORMAT BINARY)", rows.table)).await?;
        for chunk in rows.bytes.chunks(CHUNK_BYTES) {
            copy.send(chunk).await?;
        }
        copy.finish().await?;
    }
    execute(conn, "COMMIT".to_owned()).await?;
    let took = start.elapsed();
    for rows in copied {
        execute(conn, format!("DROP TABLE {}", rows.table)).await?;
    }
    Ok(took)
}

/// Commits of one row each, as many at once as there are `connections`, for `within`: commits a second, and how long
/// each took.
///
/// # Errors
/// When it fails.
pub async fn commits(url: &str, connections: usize, within: Duration) -> Result<(f64, Quantiles)> {
    let mut first = connection(url).await?;
    execute(&mut first, "DROP TABLE IF EXISTS bench_commit".to_owned()).await?;
    execute(&mut first, "CREATE TABLE bench_commit (body bytea NOT NULL)".to_owned()).await?;
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(connection(url).await?);
    }
    let start = Instant::now();
    let workers = open.into_iter().map(|mut conn| async move {
        let (mut times, row) = (Vec::new(), vec![7_u8; COMMIT_ROW_BYTES]);
        while start.elapsed() < within {
            let begun = Instant::now();
            sqlx::query("INSERT INTO bench_commit (body) VALUES ($1)").bind(&row).execute(&mut conn).await?;
            times.push(begun.elapsed());
        }
        anyhow::Ok(times)
    });
    let times = try_join_all(workers).await?.concat();
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    execute(&mut first, "DROP TABLE bench_commit".to_owned()).await?;
    Ok((rate, Quantiles::of(times)))
}

/// How many packs have a record.
///
/// # Errors
/// When the database does not answer.
pub async fn records(pool: &PgPool) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM status_record").fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}

/// What an organisation has not brought to the ledger: rows of the outbox and batches in no block; and the height of
/// its last batch that is in one.
///
/// # Errors
/// When the database does not answer.
pub async fn unfinished(pool: &PgPool) -> Result<(u64, u64)> {
    let (open, height): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM batch WHERE height IS NULL),
                (SELECT COALESCE(max(height), 0) FROM batch)",
    )
    .fetch_one(pool)
    .await?;
    Ok((open.unsigned_abs(), height.unsigned_abs()))
}

/// The events of this organisation whose last update is in a block above `above`, up to `to`: eventID and block.
///
/// # Errors
/// When the database does not answer.
pub async fn finals_between(pool: &PgPool, above: u64, to: u64) -> Result<Vec<(String, u64)>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT e.event_id, b.height FROM batch b
         JOIN event_anchor a ON a.last_batch_sequence = b.sequence
         JOIN event e ON e.seq = a.event_seq AND e.captured_at = a.captured_at
         WHERE b.height > $1 AND b.height <= $2",
    )
    .bind(i64::try_from(above)?)
    .bind(i64::try_from(to)?)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(event_id, height)| (event_id, height.unsigned_abs())).collect())
}

/// The sequence number of the newest event, 0 without one.
///
/// # Errors
/// When the database does not answer.
pub async fn last_event(pool: &PgPool) -> Result<u64> {
    let last: i64 = sqlx::query_scalar("SELECT COALESCE(max(seq), 0) FROM event").fetch_one(pool).await?;
    Ok(last.unsigned_abs())
}

/// Runs a statement made here: names and numbers only, nothing from outside.
///
/// # Errors
/// When it fails.
pub async fn execute(conn: &mut PgConnection, statement: String) -> Result<()> {
    conn.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
