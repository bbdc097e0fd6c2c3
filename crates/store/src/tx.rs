//! Named, timed, retried transactions.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use sqlx::{Acquire, PgConnection, PgPool};

use crate::error::Error;
use crate::limits::TX_ATTEMPTS_MAX;

/// A boxed future that borrows the transaction's connection.
pub type TxFuture<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// What [`tx()`] needs of a caller's error type: it can hold a database error, and give it back, so that the
/// transaction is retried when that error says so. Implemented by the error enums of the crates above.
pub trait TxError: From<Error> + Send {
    /// The database error inside, if that is what this error is.
    fn as_store(&self) -> Option<&Error>;
}

impl TxError for Error {
    fn as_store(&self) -> Option<&Error> {
        Some(self)
    }
}

/// Runs `work` in one transaction and commits it when it returns `Ok`; any `Err` rolls back.
///
/// `work` runs again, in a new transaction, when it lost against a concurrent one (serialization failure or
/// deadlock), at most [`TX_ATTEMPTS_MAX`] times: it must not have effects outside the database. A connection that breaks during the commit
/// leaves open whether it was committed; the error is [`Error::Unavailable`], and the work must be such that
/// doing it again adds nothing (unique keys).
///
/// ```no_run
/// # async fn example(pool: &sqlx::PgPool) -> Result<(), store::Error> {
/// let height = store::tx(pool, "head", |conn| Box::pin(async move { store::block::head(conn).await })).await?;
/// # Ok(()) }
/// ```
///
/// # Errors
/// Whatever `work` returns; [`Error::Unavailable`] when no connection is to be had.
pub async fn tx<T, E, F>(pool: &PgPool, name: &'static str, mut work: F) -> Result<T, E>
where
    F: for<'c> FnMut(&'c mut PgConnection) -> TxFuture<'c, T, E> + Send,
    T: Send,
    E: TxError,
{
    let start = Instant::now();
    let mut attempt = 1;
    loop {
        let result = once(pool, &mut work).await;
        let interrupted =
            matches!(&result, Err(error) if matches!(error.as_store(), Some(Error::Interrupted(_))));
        if interrupted && attempt < TX_ATTEMPTS_MAX {
            tokio::time::sleep(pause(attempt)).await;
            attempt += 1;
            continue;
        }
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        let outcome = if result.is_ok() { "committed" } else { "rolled back" };
        tracing::debug!(tx.name = name, tx.attempts = attempt, duration_ms, outcome, "database transaction");
        return result;
    }
}

async fn once<T, E, F>(pool: &PgPool, work: &mut F) -> Result<T, E>
where
    F: for<'c> FnMut(&'c mut PgConnection) -> TxFuture<'c, T, E> + Send,
    T: Send,
    E: TxError,
{
    let mut connection = pool.acquire().await.map_err(Error::from)?;
    let mut transaction = connection.begin().await.map_err(Error::from)?;
    let value = work(&mut transaction).await?;
    transaction.commit().await.map_err(Error::from)?;
    Ok(value)
}

/// Waits 2, 4, 8, 16 ms: long enough for the other transaction to finish, short beside a commit's fsync.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(1 << attempt.min(6))
}
