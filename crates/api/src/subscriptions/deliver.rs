//! One delivery, from the row that was leased to the row that says what became of it.

use std::sync::Arc;

use actix_web::web::Bytes;
use store::event::StoredEvent;
use store::subscription::{self, Due, Pending};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::batch::Interest;
use super::destination::Destination;
use super::metrics::DeliveryOutcome;
use super::schedule::{ScheduleDocument, next_turn};
use super::sender::{Reply, Sender};
use super::{backoff, signature};
use crate::clock::moment;
use crate::problem::Problem;
use crate::routes::epcis::answer;
use crate::routes::epcis::queries::engine;
use crate::shared::Shared;

/// What is sent.
struct Prepared {
    events: Vec<StoredEvent>,
    pending: Pending,
}

/// What became of it.
enum Fate {
    /// There was nothing to send up to this event.
    Nothing { through_seq: u64 },
    /// The receiver has it.
    Acknowledged(Prepared),
    /// The receiver does not take as much.
    TooLarge,
    /// The receiver will never take anything again.
    Gone { status: u16 },
    /// It did not arrive, as far as is known.
    Failed { reply: Option<Reply> },
    /// Somebody else has the lease.
    Lost,
    /// The service stops.
    Stopped,
}

/// Delivers what is due, and writes down what became of it.
pub(super) async fn run(shared: &Shared, sender: &Sender, due: &Due, lease: Uuid, stop: &CancellationToken) {
    let fate = tokio::select! {
        fate = attempt(shared, sender, due, lease) => fate,
        () = stop.cancelled() => Ok(Fate::Stopped),
    };
    let fate = fate.unwrap_or_else(|problem| {
        let causes = problem.causes().unwrap_or_default();
        tracing::warn!(subscription.id = %due.id, problem = problem.kind().name(), causes, "not delivered");
        Fate::Failed { reply: None }
    });
    if let Err(error) = settle(shared, due, lease, &fate).await {
        // The lease runs out, and the same is delivered again under the same id.
        tracing::warn!(subscription.id = %due.id, error = &error as &dyn std::error::Error, "a delivery is not noted");
    }
}

async fn attempt(shared: &Shared, sender: &Sender, due: &Due, lease: Uuid) -> Result<Fate, Problem> {
    let query = engine::stored(&due.query, &due.namespaces, due.initial_record_time)?;
    let interest = Interest { query: Arc::new(query), site: due.site_gln.clone() };
    let prepared = match prepare(shared, due, lease, interest).await? {
        Ok(prepared) => prepared,
        Err(fate) => return Ok(fate),
    };
    let form = engine::form(due.epc_format.as_deref())?;
    let id = due.id.to_string();
    let body = answer::results(shared, &form, &due.query_name, Some(&id), &prepared.events)?;
    let headers = headers(shared, due, prepared.pending.through_seq, body.as_bytes())?;
    let destination = Destination::parse(&due.dest, &shared.config.webhooks).map_err(Problem::internal)?;
    match sender.post(&destination, &headers, Bytes::from(body)).await {
        Ok(reply) => Ok(judge(due, prepared, reply)),
        Err(error) => {
            tracing::info!(subscription.id = %due.id, error = &error as &dyn std::error::Error, "no answer");
            Ok(Fate::Failed { reply: None })
        }
    }
}

/// Reads the events, and notes how far they go before any is sent: a repeat, after a crash or a lost answer, is the same.
async fn prepare(
    shared: &Shared,
    due: &Due,
    lease: Uuid,
    interest: Interest,
) -> Result<Result<Prepared, Fate>, Problem> {
    let (id, after_seq, events_max, begun) = (due.id, due.after_seq, due.events_max, due.pending);
    let tells_nothing = due.schedule.is_some() && due.report_if_empty;
    store::tx(&shared.pool, "begin_delivery", move |conn| {
        let interest = interest.clone();
        Box::pin(async move {
            let horizon = match begun {
                Some(begun) => begun.through_seq,
                None => store::event::horizon(conn).await?,
            };
            let batch = interest.batch(conn, after_seq, horizon, events_max).await?;
            if batch.events.is_empty() && begun.is_none() && !tells_nothing {
                return Ok(Err(Fate::Nothing { through_seq: batch.through_seq }));
            }
            // Of what was begun before, it is known whether more was there.
            let is_last = batch.is_last && begun.is_none_or(|begun| begun.is_last);
            let pending = Pending { through_seq: batch.through_seq, is_last };
            match subscription::begin(conn, id, lease, pending).await? {
                true => Ok(Ok(Prepared { events: batch.events, pending })),
                false => Ok(Err(Fate::Lost)),
            }
        })
    })
    .await
}

fn headers(
    shared: &Shared,
    due: &Due,
    through_seq: u64,
    body: &[u8],
) -> Result<Vec<(&'static str, String)>, Problem> {
    let turn_ms = due.turn_at.and_then(|at| u64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok());
    let id = signature::delivery_id(due.id, due.after_seq, through_seq, turn_ms);
    let timestamp = shared.now_ms() / 1_000;
    let mut headers = vec![
        ("gs1-epcis-version", engine::VERSION.to_owned()),
        ("gs1-cbv-version", engine::VERSION.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
    ];
    if let Some(sealed) = &due.sealed_secret {
        let vault = shared.subscriptions.vault.as_ref();
        let secret = vault.and_then(|vault| vault.open(due.id, sealed));
        let secret = secret.ok_or_else(|| Problem::internal("a subscription's secret cannot be read"))?;
        headers.push(("webhook-signature", signature::standard(&secret, &id, timestamp, body)));
        headers.push(("gs1-signature", signature::gs1(&secret, body)));
    }
    headers.push(("webhook-id", id));
    headers.extend(engine::extensions(&due.namespaces).map(|declared| ("gs1-extensions", declared)));
    Ok(headers)
}

/// What the receiver's status means. The standard says 200; 202 and 204 say as well that the message was taken (RFC 9110
/// section 15.3), and many receivers that hand it on at once answer so: to send it to them for ever would help nobody.
fn judge(due: &Due, prepared: Prepared, reply: Reply) -> Fate {
    match reply.status {
        200..=299 => Fate::Acknowledged(prepared),
        410 => Fate::Gone { status: reply.status },
        413 if due.events_max > 1 && prepared.events.len() > 1 => Fate::TooLarge,
        _ => Fate::Failed { reply: Some(reply) },
    }
}

/// Writes down what became of a delivery. Nothing is changed where the lease is lost.
async fn settle(shared: &Shared, due: &Due, lease: Uuid, fate: &Fate) -> Result<(), store::Error> {
    let mut conn = shared.pool.acquire().await?;
    let (conn, now_ms) = (&mut *conn, shared.now_ms());
    let (id, now) = (due.id, moment(now_ms));
    let metrics = &shared.subscriptions.metrics;
    match fate {
        Fate::Nothing { through_seq } => {
            subscription::pass(conn, id, lease, *through_seq, next(due, now_ms)).await?;
        }
        Fate::Acknowledged(Prepared { events, pending }) => {
            metrics.delivered(DeliveryOutcome::Acknowledged);
            metrics.sent(events.len());
            let recorded = events.last().map(|last| last.captured_at);
            let turn = if pending.is_last { next(due, now_ms) } else { None };
            subscription::acknowledge(conn, id, lease, pending.through_seq, now, turn, recorded).await?;
        }
        Fate::TooLarge => {
            metrics.delivered(DeliveryOutcome::TooLarge);
            subscription::shrink(conn, id, lease).await?;
        }
        Fate::Gone { status } => {
            metrics.delivered(DeliveryOutcome::Gone);
            tracing::info!(subscription.id = %id, "the receiver is gone for good; the subscription ends");
            subscription::end(conn, id, lease, *status, now).await?;
        }
        Fate::Failed { reply } => {
            metrics.delivered(DeliveryOutcome::Failed);
            let asked = reply.and_then(|reply| reply.retry_after);
            let random = u32::from_be_bytes(shared.entropy.bytes());
            let at = moment(now_ms.saturating_add(backoff::pause_ms(due.attempts, asked, random)));
            subscription::postpone(conn, id, lease, reply.map(|reply| reply.status), at).await?;
        }
        Fate::Lost => {}
        Fate::Stopped => {
            subscription::release(conn, id, lease).await?;
        }
    }
    Ok(())
}

/// The next turn of the subscription's schedule, where it has one.
fn next(due: &Due, now_ms: u64) -> Option<OffsetDateTime> {
    let document = due.schedule.clone()?;
    let schedule = serde_json::from_value::<ScheduleDocument>(document).ok()?.schedule("").ok()?;
    Some(next_turn(&schedule, now_ms))
}
