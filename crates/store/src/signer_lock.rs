//! One signer per organisation: an advisory lock of PostgreSQL, held by a connection of its own.

use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::Instant;

use crate::error::Error;

/// The lock's number: "signer" in ASCII. Locks are per database, and a database is one organisation's.
const KEY: i64 = 0x0000_7369_676e_6572;

/// How often a lock that is held is asked for again.
const RETRY: Duration = Duration::from_millis(100);

/// Held as long as its connection lives. PostgreSQL frees it when this process is gone, however that happened.
#[derive(Debug)]
pub struct SignerLock {
    connection: PgConnection,
}

impl SignerLock {
    /// Takes the lock; `None` when another process has it.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn try_acquire(pool: &PgPool) -> Result<Option<Self>, Error> {
        let mut connection = pool.acquire().await?.detach();
        let taken = sqlx::query_scalar!(r#"SELECT pg_try_advisory_lock($1) AS "taken!""#, KEY)
            .fetch_one(&mut connection)
            .await?;
        if taken {
            return Ok(Some(SignerLock { connection }));
        }
        connection.close().await?;
        Ok(None)
    }

    /// Takes the lock, and waits up to `patience` for another process to let go: PostgreSQL needs a moment to notice
    /// that a process that was killed is gone. `None` when it is held even then.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn acquire(pool: &PgPool, patience: Duration) -> Result<Option<Self>, Error> {
        let deadline = Instant::now() + patience;
        loop {
            let lock = Self::try_acquire(pool).await?;
            if lock.is_some() || Instant::now() >= deadline {
                return Ok(lock);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Fails when the connection, and with it the lock, is gone: then stop signing and take it again.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn check(&mut self) -> Result<(), Error> {
        Ok(self.connection.ping().await?)
    }

    /// Gives the lock back: when this returns, another may take it.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the connection is gone then, and the lock with it as soon as PostgreSQL notices.
    pub async fn release(mut self) -> Result<(), Error> {
        sqlx::query_scalar!(r#"SELECT pg_advisory_unlock($1) AS "freed!""#, KEY)
            .fetch_one(&mut self.connection)
            .await?;
        Ok(self.connection.close().await?)
    }
}
