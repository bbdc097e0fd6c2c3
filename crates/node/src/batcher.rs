//! From the outbox to signed batches: gathered, signed, stored, then sent.

use std::sync::Arc;
use std::time::Duration;

use exchange::Message;
use ledger::batch::Tip;
use ledger::directory::OrganisationStanding;
use ledger::{Batch, Canonical, OrganisationId, SignedBatch, SigningKey};
use store::batch::Standing;
use store::outbox::{Mark, OutboxRow, TakeLimits};
use store::signer_lock::SignerLock;
use store::{PgConnection, PgPool};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::chain::Chain;
use crate::config::Clock;
use crate::error::Error;
use crate::gather::Gathered;
use crate::limits::{
    BATCH_ITEM_BYTES_MAX, BATCH_ROWS_MAX, BATCHES_IN_FLIGHT_MAX, GATHER_IN_FLIGHT, POLL, RESEND_AFTER, RETRY,
};
use crate::mempool::Mempool;
use crate::time::at_ms;

/// Turns rows into signed batches.
pub struct Maker {
    /// Whose batches they are.
    pub organisation: OrganisationId,
    /// Signs them.
    pub key: SigningKey,
    /// Makes padding that nobody else can tell from commitments.
    pub padding_secret: [u8; 32],
    /// The state after the last block.
    pub chain: Arc<Chain>,
    /// The node's clock.
    pub clock: Clock,
}

/// Makes batches of what waits in the outbox.
pub struct Batcher {
    /// The database.
    pub pool: PgPool,
    /// Turns rows into batches.
    pub maker: Arc<Maker>,
    /// Where batches wait for a block.
    pub mempool: Arc<Mempool>,
    /// Sends them to the others.
    pub exchange: exchange::Handle,
    /// Wakes it: rows in the outbox, or a block indexed.
    pub wake: Arc<Notify>,
    /// How long it gathers.
    pub age: Duration,
    /// Held while it signs; taken again when its connection was lost.
    pub lock: Option<SignerLock>,
    /// Where the chain of batches goes on, since the last one was stored.
    pub tip: Option<Tip>,
}

/// What one look at the outbox found.
enum Step {
    /// A batch was made and sent.
    Sent,
    /// Batches are in no block yet, and no further one could be made.
    InFlight,
    /// Nothing waits.
    Idle,
}

/// What a look in a transaction came to.
enum Made {
    Batch(Box<SignedBatch>, Vec<u8>),
    Nothing { in_flight: bool },
}

impl Batcher {
    /// Works until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut check_at = tokio::time::Instant::now() + RESEND_AFTER;
        while !stop.is_cancelled() {
            let (pause, gather) = match self.work().await {
                Ok(Step::Sent) => continue,
                Ok(Step::InFlight) => (RESEND_AFTER, self.age * GATHER_IN_FLIGHT),
                Ok(Step::Idle) => (POLL, self.age),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "no batch could be made; trying again"
                    );
                    // The database may have been away, and the lock gone with its connection.
                    self.lock = None;
                    (RETRY, self.age)
                }
            };
            if check_at.elapsed() > Duration::ZERO {
                self.check(pause == RESEND_AFTER).await;
                check_at = tokio::time::Instant::now() + pause;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => tokio::time::sleep(gather).await,
            }
        }
        if let Some(lock) = self.lock.take()
            && let Err(error) = lock.release().await
        {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the signer's lock goes with its connection"
            );
        }
    }

    /// Sends batches again that are in no block yet, and sees to it that the lock is still held.
    async fn check(&mut self, in_flight: bool) {
        if in_flight && let Err(error) = self.resend().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "batches could not be sent again");
        }
        if let Some(lock) = &mut self.lock
            && lock.check().await.is_err()
        {
            self.lock = None;
        }
    }

    async fn work(&mut self) -> Result<Step, Error> {
        if self.lock.is_none() {
            self.lock = SignerLock::try_acquire(&self.pool).await?;
        }
        if self.lock.is_none() {
            return Err(Error::Signer);
        }
        self.step().await
    }

    async fn step(&mut self) -> Result<Step, Error> {
        let limits = TakeLimits {
            rows: BATCH_ROWS_MAX,
            updates: ledger::limits::BATCH_UPDATES_MAX as u64,
            bytes: BATCH_ITEM_BYTES_MAX,
        };
        if !self.maker.may_sign() {
            return Ok(Step::Idle);
        }
        let (maker, known) = (self.maker.clone(), self.tip);
        let made = store::tx(&self.pool, "batch", move |conn| {
            let maker = maker.clone();
            Box::pin(async move { maker.make(conn, limits, known).await })
        })
        .await?;
        match made {
            Made::Batch(signed, bytes) => {
                self.tip = Some(signed.batch.tip());
                self.mempool.take_own((*signed).clone(), self.maker.key.public_key(), bytes.len());
                self.gossip(signed.batch.header.sequence, bytes);
                Ok(Step::Sent)
            }
            Made::Nothing { in_flight: true } => Ok(Step::InFlight),
            Made::Nothing { in_flight: false } => Ok(Step::Idle),
        }
    }

    fn gossip(&self, sequence: u64, bytes: Vec<u8>) {
        if let Err(error) = self.exchange.broadcast(&Message::Batch(bytes.into())) {
            tracing::warn!(
                batch.sequence = sequence,
                error = &error as &dyn std::error::Error,
                "batch not gossiped"
            );
        }
    }

    /// Sends what is in no block yet: gossip is best effort, and peers may have restarted.
    pub async fn resend(&self) -> Result<(), Error> {
        let mut connection = self.pool.acquire().await.map_err(store::Error::from)?;
        let unfinished = store::batch::unfinished(&mut connection, BATCHES_IN_FLIGHT_MAX as u32).await?;
        drop(connection);
        let young = RESEND_AFTER.as_millis() as u64;
        for own in unfinished {
            let made_ms = (own.created_at.unix_timestamp_nanos() / 1_000_000) as u64;
            if (self.maker.clock)().saturating_sub(made_ms) < young {
                continue;
            }
            let signed = SignedBatch::from_bytes(&own.signed).map_err(Error::undecodable("batch.signed"))?;
            self.mempool.offer(&self.maker.chain.state(), signed, own.signed.len());
            self.gossip(own.sequence, own.signed);
        }
        Ok(())
    }
}

impl Maker {
    /// A suspended organisation's batches are not includable: its events stay captured.
    fn may_sign(&self) -> bool {
        let state = self.chain.state();
        let own = state.directory.organisation(self.organisation);
        own.is_some_and(|own| own.standing == OrganisationStanding::Good)
    }

    /// Takes rows, makes and stores a batch of them, in the caller's transaction; nothing when none waits, or enough
    /// is in flight.
    async fn make(
        &self,
        conn: &mut PgConnection,
        limits: TakeLimits,
        known: Option<Tip>,
    ) -> Result<Made, Error> {
        let standing = store::batch::standing(conn).await?;
        let nothing = Made::Nothing { in_flight: standing.unfinished > 0 };
        if standing.unfinished as usize >= BATCHES_IN_FLIGHT_MAX {
            return Ok(nothing);
        }
        let rows = store::outbox::take(conn, limits).await?;
        if rows.is_empty() {
            return Ok(nothing);
        }
        let Some(tip) = self.tip(conn, &standing, known).await? else { return Ok(nothing) };
        let gathered = Gathered::after(conn, &rows).await?;
        let built = self.build(&tip, &rows, gathered)?;
        let header = &built.signed.batch.header;
        let bytes = built.signed.to_bytes();
        store::batch::insert(conn, header.sequence, &header.hash().0, &bytes, at_ms(header.time_ms)).await?;
        store::batch_leaves::insert(conn, header.sequence, &built.leaves).await?;
        store::outbox::mark(conn, header.sequence, &built.marks).await?;
        Ok(Made::Batch(Box::new(built.signed), bytes))
    }

    /// Where the chain of batches goes on: after the newest one that is stored, which the state knows only once its
    /// block is indexed. None while neither knows it: a block with a batch that is not from here is being indexed.
    async fn tip(
        &self,
        conn: &mut PgConnection,
        standing: &Standing,
        known: Option<Tip>,
    ) -> Result<Option<Tip>, Error> {
        let decided = self.chain.state().tip(self.organisation);
        let Some((sequence, hash)) = standing.newest.filter(|(newest, _)| *newest >= decided.sequence) else {
            return Ok(Some(decided));
        };
        let is_newest = |tip: &Tip| tip.sequence == sequence && tip.hash.0 == hash;
        if let Some(tip) = known.filter(is_newest).or(Some(decided).filter(is_newest)) {
            return Ok(Some(tip));
        }
        let stored = store::batch::find(conn, sequence).await?.filter(|own| !own.signed.is_empty());
        let signed = stored.map(|own| SignedBatch::from_bytes(&own.signed)).transpose();
        Ok(signed.map_err(Error::undecodable("batch.signed"))?.map(|signed| signed.batch.tip()))
    }

    fn build(&self, tip: &Tip, rows: &[OutboxRow], mut gathered: Gathered) -> Result<Built, Error> {
        for row in rows {
            gathered.add(row, tip.events)?;
        }
        let leaves = gathered.leaves(tip.events, &self.padding_secret);
        let whose = (self.chain.state().network, self.organisation);
        let Gathered { changes, updates, marks, .. } = gathered;
        let batch = Batch::next(whose, tip, &leaves, changes, updates, (self.clock)());
        let leaves = leaves.into_iter().map(|leaf| leaf.0).collect();
        Ok(Built { signed: batch.sign(&self.key), leaves, marks })
    }
}

struct Built {
    signed: SignedBatch,
    leaves: Vec<[u8; 32]>,
    marks: Vec<Mark>,
}
