//! Error behaviour `rollback`: all events of a document are stored, or none. One transaction holds the whole
//! document, so that a fault in its last event, or a refusal by what another process did meanwhile, leaves nothing.

use std::sync::Arc;

use store::capture_job::CaptureJob;
use store::raised_alert::{self, RaisedAlert};
use store::{PgConnection, TxError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Ended;
use super::page::Source;
use super::report::{self, Entry};
use crate::clock::moment;
use crate::intake;
use crate::limits::JOB_ERRORS_MAX;
use crate::problem::Problem;
use crate::shared::Shared;

/// Why the transaction is rolled back.
#[derive(Debug)]
enum Halt {
    /// Events are faulty, or their changes refused.
    Faults(Box<Faults>),
    /// The service stops, or somebody else works on the job.
    Left,
    /// The service failed.
    Problem(Problem),
}

#[derive(Debug, Default)]
struct Faults {
    entries: Vec<Entry>,
    alerts: Vec<RaisedAlert>,
    events: u64,
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl TxError for Halt {
    fn as_store(&self) -> Option<&store::Error> {
        match self {
            Self::Problem(problem) => problem.as_store(),
            Self::Faults(_) | Self::Left => None,
        }
    }
}

pub(super) async fn work(
    shared: &Arc<Shared>,
    job: &CaptureJob,
    source: Source,
    stop: &CancellationToken,
) -> Result<Ended, Problem> {
    let (id, stop, all) = (job.id, stop.clone(), Arc::clone(shared));
    let outcome = store::tx(&shared.pool, "capture_whole", move |conn| {
        let (source, stop, shared) = (source.clone(), stop.clone(), Arc::clone(&all));
        Box::pin(async move { store_whole(conn, &shared, id, source, &stop).await })
    })
    .await;
    match outcome {
        Ok(()) => {
            shared.wake_node();
            Ok(Ended::Finished)
        }
        Err(Halt::Left) => Ok(Ended::Left),
        Err(Halt::Problem(problem)) => Err(problem),
        Err(Halt::Faults(faults)) => record(shared, id, *faults).await,
    }
}

async fn store_whole(
    conn: &mut PgConnection,
    shared: &Shared,
    id: Uuid,
    source: Source,
    stop: &CancellationToken,
) -> Result<(), Halt> {
    if store::capture_job::lock(conn, id).await?.is_none() {
        return Err(Halt::Left);
    }
    let mut pages = source.pages();
    let mut faults = Faults::default();
    while let Some(page) = pages.recv().await {
        let page = page?;
        if stop.is_cancelled() {
            return Err(Halt::Left);
        }
        store::master_data::put(conn, &page.master_data, moment(shared.now_ms())).await?;
        // Once something is wrong nothing is stored, and the rest is read for its faults.
        let stored = match faults.entries.is_empty() && page.faults.is_empty() {
            true => intake::store(conn, &page.knowledge, &page.events).await?,
            false => Vec::new(),
        };
        let (entries, alerts) = report::of_page(&page, &stored, &shared.entropy)?;
        faults.entries.extend(entries);
        faults.alerts.extend(alerts);
        faults.events = page.next;
        if faults.entries.len() >= JOB_ERRORS_MAX {
            return Err(Halt::Faults(Box::new(faults)));
        }
        if !page.last {
            continue;
        }
        if !faults.entries.is_empty() {
            return Err(Halt::Faults(Box::new(faults)));
        }
        store::capture_job::advance(conn, id, page.next, page.next, &store::JsonValue::Array(Vec::new()))
            .await?;
        store::capture_job::finish(conn, id, moment(shared.now_ms()), true).await?;
        return Ok(());
    }
    Err(Problem::internal("reading a document ended without a last page").into())
}

/// Ends the job with its faults, after nothing of it was stored. What was tried with packs is told all the same.
async fn record(shared: &Shared, id: Uuid, faults: Faults) -> Result<Ended, Problem> {
    let (faults, now) = (Arc::new(faults), moment(shared.now_ms()));
    let ended = store::tx(&shared.pool, "capture_refused", move |conn| {
        let faults = Arc::clone(&faults);
        Box::pin(async move {
            let Some(job) = store::capture_job::lock(conn, id).await? else { return Ok(Ended::Left) };
            raised_alert::raise(conn, &faults.alerts).await?;
            let errors = report::array(&faults.entries, &job.errors);
            store::capture_job::advance(conn, id, faults.events, faults.events, &errors).await?;
            store::capture_job::finish(conn, id, now, false).await?;
            Ok::<_, Problem>(Ended::Finished)
        })
    })
    .await?;
    shared.wake_delivery();
    Ok(ended)
}
