//! Telling other processes, by PostgreSQL's LISTEN and NOTIFY. A signal is a reason to look, never the truth:
//! whoever waits for one also looks by itself now and then, and after every reconnection.
//!
//! A transaction that notifies takes one lock for its commit that all such transactions share, so commits would
//! queue behind each other's fsync. Therefore only the indexer notifies in its transaction ([`final_height`], one
//! a block); captures use a [`Waker`], which notifies apart from them, once for however many came together.

use std::sync::Arc;

use sqlx::postgres::PgListener;
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::error::Error;

/// Channel of new final heights.
pub const CHANNEL_FINAL: &str = "theriac_final";
/// Channel of new rows in the outbox or new messages to send.
pub const CHANNEL_WAKE: &str = "theriac_wake";

/// Tells, when the transaction commits, that everything up to `height` is final and indexed.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn final_height(conn: &mut PgConnection, height: u64) -> Result<(), Error> {
    sqlx::query!("SELECT pg_notify('theriac_final', $1)", height.to_string()).execute(conn).await?;
    Ok(())
}

/// Tells the node process that there is work, at most one notification at a time: calls while one is under
/// way join into the next.
#[derive(Debug)]
pub struct Waker {
    wanted: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Waker {
    /// Starts the task that notifies; it ends when the waker is dropped.
    pub fn start(pool: PgPool) -> Self {
        let wanted = Arc::new(Notify::new());
        let waiting = wanted.clone();
        let task = tokio::spawn(async move {
            loop {
                waiting.notified().await;
                let sent = sqlx::query!("SELECT pg_notify('theriac_wake', '')").execute(&pool).await;
                if let Err(error) = sent {
                    // The node looks by itself as well, so nothing is lost.
                    tracing::debug!(error = &error as &dyn std::error::Error, "wake-up not sent");
                }
            }
        });
        Waker { wanted, task }
    }

    /// Asks for a notification. Call it after the commit. Costs nothing that a request would notice.
    pub fn wake(&self) {
        self.wanted.notify_one();
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a [`Listener`] hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Everything up to this height is final and indexed.
    Final {
        /// The height.
        height: u64,
    },
    /// There may be new rows in the outbox, or messages to send.
    Wake,
    /// The connection was lost and made again: signals may have been missed, so look.
    Reconnected,
}

/// Listens on a connection of its own.
#[derive(Debug)]
pub struct Listener {
    inner: PgListener,
}

impl Listener {
    /// Starts to listen for final heights and wake-ups.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn connect(pool: &PgPool) -> Result<Self, Error> {
        let mut inner = PgListener::connect_with(pool).await?;
        inner.listen_all([CHANNEL_FINAL, CHANNEL_WAKE]).await?;
        Ok(Listener { inner })
    }

    /// Waits for the next signal. Safe to cancel.
    ///
    /// # Errors
    /// [`Error::Unavailable`] while the database is away; call again.
    pub async fn next(&mut self) -> Result<Signal, Error> {
        loop {
            let Some(notification) = self.inner.try_recv().await? else {
                return Ok(Signal::Reconnected);
            };
            match notification.channel() {
                CHANNEL_WAKE => return Ok(Signal::Wake),
                CHANNEL_FINAL => {
                    if let Ok(height) = notification.payload().parse() {
                        return Ok(Signal::Final { height });
                    }
                }
                _ => {}
            }
        }
    }
}
