//! The capture worker: takes documents that were accepted and makes events of them, page by page.
//!
//! A job is the row that `POST /epcis/capture` committed. Whoever works on it locks that row in each of its
//! transactions, so that a worker that dies, or a second process, loses and repeats nothing: what a transaction stored
//! and how far the job is are one commit. Reading and computing run on a thread of their own, one page ahead.

mod page;
mod proceed;
mod report;
mod rollback;

use std::sync::Arc;

use store::capture_job::{CaptureJob, ErrorBehaviour};
use tokio_util::sync::CancellationToken;

use crate::clock::moment;
use crate::limits::{CAPTURE_LOOK_EVERY, CAPTURE_RETRY};
use crate::problem::{Problem, ProblemType};
use crate::shared::Shared;

/// How work on one job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The job is finished.
    Finished,
    /// The service stops, or somebody else works on the job; it goes on where it stands.
    Left,
}

/// Works on jobs, oldest first, until `stop`.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let pause = match one(&shared, &stop).await {
            Ok(true) => continue,
            Ok(false) => CAPTURE_LOOK_EVERY,
            Err(problem) => {
                let causes = problem.causes().unwrap_or_default();
                tracing::warn!(problem = problem.kind().name(), causes, "capture waits");
                CAPTURE_RETRY
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = shared.captures.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Works on the oldest job. Says whether there was one to go on with.
async fn one(shared: &Arc<Shared>, stop: &CancellationToken) -> Result<bool, Problem> {
    if shared.view().is_err() {
        // Without the directory nothing can be judged; the follower reads it soon.
        return Ok(false);
    }
    let claimed = store::tx(&shared.pool, "claim_capture", |conn| {
        Box::pin(async move {
            let Some(job) = store::capture_job::claim(conn).await? else { return Ok(None) };
            let body = store::capture_job::body(conn, job.id).await?.unwrap_or_default();
            let site = store::api_client::site(conn, job.client_id).await?;
            Ok::<_, Problem>(Some((job, site, body)))
        })
    })
    .await?;
    let Some((job, site, body)) = claimed else { return Ok(false) };
    let (id, behaviour) = (job.id, job.error_behaviour);
    let source = page::Source::new(shared, &job, site, body)?;
    let ended = match behaviour {
        ErrorBehaviour::Proceed => proceed::work(shared, &job, source, stop).await,
        ErrorBehaviour::Rollback => rollback::work(shared, &job, source, stop).await,
    };
    match ended {
        Ok(Ended::Finished) => {
            tracing::info!(capture.id = %id, "capture finished");
            Ok(true)
        }
        Ok(Ended::Left) => Ok(false),
        Err(problem) if is_transient(&problem) => Err(problem),
        Err(problem) => give_up(shared, &job, problem).await.map(|()| true),
    }
}

fn is_transient(problem: &Problem) -> bool {
    matches!(problem.kind(), ProblemType::Unavailable | ProblemType::NotReady | ProblemType::Overloaded)
}

/// Ends a job that cannot succeed however often it is tried, so that those behind it do not wait for ever.
async fn give_up(shared: &Shared, job: &CaptureJob, problem: Problem) -> Result<(), Problem> {
    let causes = problem.causes().unwrap_or_default();
    tracing::error!(capture.id = %job.id, causes, "capture failed");
    let entry = report::entry(&Problem::new(ProblemType::EpcisImplementation))?;
    let (id, now) = (job.id, moment(shared.now_ms()));
    store::tx(&shared.pool, "fail_capture", move |conn| {
        let entry = entry.clone();
        Box::pin(async move {
            let Some(job) = store::capture_job::lock(conn, id).await? else { return Ok(()) };
            let count = job.event_count.unwrap_or(job.next_event);
            store::capture_job::advance(
                conn,
                id,
                count,
                job.next_event,
                &store::JsonValue::Array(vec![entry]),
            )
            .await?;
            store::capture_job::finish(conn, id, now, false).await?;
            Ok::<_, Problem>(())
        })
    })
    .await
}
