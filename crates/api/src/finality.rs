//! Waiting until a change is final: all who wait for a block share one query.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::{Hash, Height};
use lifecycle::Refusal;
use store::notify::{Listener, Signal};
use store::{Bytes32, PgPool};
use time::OffsetDateTime;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::directory::SharedDirectory;
use crate::limits::{FATES_PER_QUERY_MAX, FINALITY_LOOK_EVERY, FOLLOW_EVERY};
use crate::problem::Problem;

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Every node has decided.
    Final {
        /// The block that did.
        height: Height,
        /// Why it was refused; `None`: it was accepted.
        refusal: Option<Refusal>,
    },
    /// Not in time; it will be.
    Pending,
}

/// An event, and one pack in it where it has packs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// The event's sequence number.
    pub event_seq: u64,
    /// Its time of capture.
    pub captured_at: OffsetDateTime,
    /// The pack's key on the ledger; `None` for an event whose packs nobody asks for.
    pub record_key: Option<Hash>,
}

impl Awaited {
    fn row(&self) -> (u64, OffsetDateTime, Bytes32) {
        // No pack has the key of zeros, so an event without packs is never found refused.
        (self.event_seq, self.captured_at, self.record_key.map_or([0; 32], |key| key.0))
    }
}

struct Waiter {
    awaited: Awaited,
    answer: oneshot::Sender<Fate>,
}

/// Everyone who waits for a change to become final. Clones share the list.
#[derive(Clone, Default)]
pub struct Finality {
    waiters: Arc<Mutex<Vec<Waiter>>>,
    /// Somebody began to wait.
    begun: Arc<Notify>,
}

impl Finality {
    /// Waits until the event is final, and what became of the pack in it; at most `patience`.
    pub async fn wait(
        &self,
        event_seq: u64,
        captured_at: OffsetDateTime,
        record_key: Hash,
        patience: Duration,
    ) -> Fate {
        self.wait_for(Awaited { event_seq, captured_at, record_key: Some(record_key) }, patience).await
    }

    /// Waits until all of these events are final with all their updates; at most `patience` for all together.
    /// `Final` names the highest block.
    pub async fn wait_events(&self, events: &[(u64, OffsetDateTime)], patience: Duration) -> Fate {
        let each = events.iter().map(|(event_seq, captured_at)| {
            let awaited = Awaited { event_seq: *event_seq, captured_at: *captured_at, record_key: None };
            self.wait_for(awaited, patience)
        });
        let fates = futures::future::join_all(each).await;
        let mut highest = Height::default();
        for fate in fates {
            match fate {
                Fate::Final { height, .. } => highest = highest.max(height),
                Fate::Pending => return Fate::Pending,
            }
        }
        Fate::Final { height: highest, refusal: None }
    }

    /// As [`Finality::wait`], for an event with or without a pack.
    pub async fn wait_for(&self, awaited: Awaited, patience: Duration) -> Fate {
        let (answer, answered) = oneshot::channel();
        self.lock().push(Waiter { awaited, answer });
        self.begun.notify_one();
        match tokio::time::timeout(patience, answered).await {
            Ok(Ok(fate)) => fate,
            // The waiter is dropped from the list at the next look, because its receiver is gone.
            Ok(Err(_)) | Err(_) => Fate::Pending,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiter>> {
        // A panic while holding the lock leaves a list that is still one.
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    /// Asks once for all who wait, and answers those whose change is final.
    ///
    /// # Errors
    /// What the store fails with; everyone goes on waiting then.
    pub async fn settle(&self, pool: &PgPool) -> Result<(), Problem> {
        let mut waiting = std::mem::take(&mut *self.lock());
        waiting.retain(|waiter| !waiter.answer.is_closed());
        let outcome = self.settle_these(pool, &mut waiting).await;
        self.lock().extend(waiting);
        outcome
    }

    /// Answers whoever can be answered, and leaves the others in `waiting`.
    async fn settle_these(&self, pool: &PgPool, waiting: &mut Vec<Waiter>) -> Result<(), Problem> {
        if waiting.is_empty() {
            return Ok(());
        }
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let rows: Vec<_> = waiting.iter().map(|waiter| waiter.awaited.row()).collect();
        let mut fates = Vec::with_capacity(rows.len());
        for some in rows.chunks(FATES_PER_QUERY_MAX) {
            fates.extend(store::update_refusal::fates(&mut conn, some).await?);
        }
        let mut still = Vec::new();
        for (waiter, fate) in waiting.drain(..).zip(fates) {
            let Some(height) = fate.height else {
                still.push(waiter);
                continue;
            };
            let refusal = fate.refusal.map(Refusal::from_code).transpose().map_err(Problem::internal);
            match refusal {
                Ok(refusal) => {
                    let _gone = waiter.answer.send(Fate::Final { height: Height(height), refusal });
                }
                // Left unanswered it is pending for its caller, which is true.
                Err(problem) => tracing::error!(error = problem.causes(), "a stored refusal is unknown"),
            }
        }
        *waiting = still;
        Ok(())
    }
}

/// Follows the chain until told to stop: keeps the directory, and answers those who wait.
///
/// Signals make it quick; it does not depend on them.
pub async fn follow(pool: PgPool, directory: SharedDirectory, finality: Finality, stop: CancellationToken) {
    let work = async {
        let mut listener = None;
        loop {
            let (read, settled) = tokio::join!(directory.refresh(&pool), finality.settle(&pool));
            if let Err(problem) = read {
                tracing::warn!(error = problem.causes(), "the directory could not be read; trying again");
            }
            if let Err(problem) = settled {
                tracing::warn!(error = problem.causes(), "what became final could not be read; trying again");
            }
            if listener.is_none() {
                listener = Listener::connect(&pool).await.ok();
            }
            pause(&mut listener, &finality).await;
        }
    };
    stop.run_until_cancelled(work).await;
}

/// Until a block is final, or it is time to look.
async fn pause(listener: &mut Option<Listener>, finality: &Finality) {
    let look = async {
        if finality.is_idle() {
            tokio::select! {
                () = tokio::time::sleep(FOLLOW_EVERY) => return,
                () = finality.begun.notified() => {}
            }
        }
        tokio::time::sleep(FINALITY_LOOK_EVERY).await;
    };
    let Some(hears) = listener else { return look.await };
    let heard = async {
        loop {
            match hears.next().await {
                Ok(Signal::Wake) => {}
                Ok(Signal::Final { .. } | Signal::Reconnected) => return true,
                Err(_) => return false,
            }
        }
    };
    let lost = tokio::select! {
        heard = heard => !heard,
        () = look => false,
    };
    if lost {
        *listener = None;
        tokio::time::sleep(FINALITY_LOOK_EVERY).await;
    }
}
