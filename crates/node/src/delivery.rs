//! Messages to partners: sent until acknowledged.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{Message, Reply, next_attempt};
use ledger::OrganisationId;
use rand::RngCore;
use store::PgPool;
use store::message_out::{DueMessage, Work};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::alerts;
use crate::config::Clock;
use crate::error::Error;
use crate::limits::{DELIVERIES_MAX, POLL, RETRY, SOON};
use crate::notices::Notices;
use crate::time::at_ms;

/// Sends what is due, and writes what is to be sent.
pub struct Delivery {
    /// The database.
    pub pool: PgPool,
    /// The swarm.
    pub exchange: exchange::Handle,
    /// Writes shipment notices.
    pub notices: Arc<Notices>,
    /// The node's clock.
    pub clock: Clock,
    /// Wakes it.
    pub wake: Arc<Notify>,
    /// Spreads retries.
    pub random: Box<dyn RngCore + Send + Sync>,
}

impl Delivery {
    /// Works until it is told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut links = self.exchange.watch();
        while !stop.is_cancelled() {
            let pause = match self.step().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "messages wait; trying again");
                    RETRY
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                () = self.wake.notified() => {}
                Ok(()) = links.changed() => self.back(&mut links).await,
            }
        }
    }

    /// Writes and sends what there is; returns how long to wait before the next look.
    async fn step(&mut self) -> Result<Duration, Error> {
        let work = self.look().await?;
        let mut done = 0;
        if work.shipments {
            done += self.notices.write_due().await?;
        }
        let now = (self.clock)();
        if work.forwards {
            done +=
                store::tx(&self.pool, "forward_alerts", |conn| Box::pin(alerts::queue_forwards(conn, now)))
                    .await?;
        }
        if done > 0 || work.next_due.is_some_and(|due| due <= at_ms(now)) {
            done += self.send_due(now).await?;
        }
        Ok(if done > 0 { Duration::ZERO } else { self.until_due().await? })
    }

    async fn look(&self) -> Result<Work, Error> {
        let mut connection = self.pool.acquire().await.map_err(store::Error::from)?;
        Ok(store::message_out::work(&mut connection).await?)
    }

    /// How long until the next message is due, at most the time of an idle look.
    async fn until_due(&self) -> Result<Duration, Error> {
        let Some(due) = self.look().await?.next_due else { return Ok(POLL) };
        let wait = due - at_ms((self.clock)());
        Ok(Duration::try_from(wait).unwrap_or(Duration::ZERO).clamp(SOON, POLL))
    }

    async fn send_due(&mut self, now: u64) -> Result<usize, Error> {
        let again = at_ms(now + 30_000);
        let due = store::tx(&self.pool, "take_due", |conn| {
            Box::pin(async move {
                Ok::<_, Error>(store::message_out::take_due(conn, at_ms(now), again, DELIVERIES_MAX).await?)
            })
        })
        .await?;
        let mut done = 0;
        for message in due {
            done += usize::from(self.send(message).await?);
        }
        Ok(done)
    }

    /// Sends one message; says whether its receiver has it now.
    async fn send(&mut self, due: DueMessage) -> Result<bool, Error> {
        let id = [due.id];
        let recipient = OrganisationId(due.recipient);
        let message = Message::decode(&Bytes::from(due.payload));
        let reply = match &message {
            Ok(message) => self.exchange.send(recipient, message).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let now = (self.clock)();
        let mut connection = self.pool.acquire().await.map_err(store::Error::from)?;
        match reply {
            Ok(Reply::Accepted | Reply::Duplicate) => {
                store::message_out::acknowledge(&mut connection, &id, at_ms(now)).await?;
                return Ok(true);
            }
            Ok(reply) => {
                tracing::warn!(
                    organisation = recipient.0,
                    reply = reply.outcome(),
                    "a message was not taken"
                );
            }
            Err(reason) => tracing::debug!(organisation = recipient.0, reason, "a message could not be sent"),
        }
        let next = next_attempt(due.attempts, now, self.random.next_u64());
        store::message_out::retry_at(&mut connection, &id, at_ms(next)).await?;
        Ok(false)
    }

    /// A partner is back: what waits for it is due now.
    async fn back(&mut self, links: &mut exchange::PeerWatch) {
        let Ok(mut connection) = self.pool.acquire().await else { return };
        let now = at_ms((self.clock)());
        for peer in links.peers().iter().filter(|peer| peer.connected) {
            if let Err(error) =
                store::message_out::retry_recipient(&mut connection, peer.organisation.0, now).await
            {
                tracing::debug!(error = &error as &dyn std::error::Error, "retries were not brought forward");
            }
        }
    }
}
