//! Error behaviour `proceed`: valid events are stored, a page a transaction; the others are listed.

use std::sync::Arc;

use store::capture_job::CaptureJob;
use store::raised_alert;
use tokio_util::sync::CancellationToken;

use super::page::{Page, Source};
use super::{Ended, report};
use crate::clock::moment;
use crate::intake;
use crate::problem::Problem;
use crate::shared::Shared;

pub(super) async fn work(
    shared: &Arc<Shared>,
    job: &CaptureJob,
    source: Source,
    stop: &CancellationToken,
) -> Result<Ended, Problem> {
    let mut pages = source.pages();
    let mut from = job.next_event;
    while let Some(page) = pages.recv().await {
        let page = page?;
        let (next, last) = (page.next, page.last);
        if !store_page(shared, job, from, page).await? {
            return Ok(Ended::Left);
        }
        shared.wake_node();
        shared.wake_delivery();
        from = next;
        if last {
            return Ok(Ended::Finished);
        }
        if stop.is_cancelled() {
            return Ok(Ended::Left);
        }
    }
    Err(Problem::internal("reading a document ended without a last page"))
}

/// Stores a page and says in the same transaction how far the job is. `false`: somebody else was faster.
async fn store_page(shared: &Arc<Shared>, job: &CaptureJob, from: u64, page: Page) -> Result<bool, Problem> {
    let (id, now, entropy) = (job.id, moment(shared.now_ms()), shared.entropy.clone());
    let page = Arc::new(page);
    store::tx(&shared.pool, "capture", move |conn| {
        let (page, entropy) = (Arc::clone(&page), entropy.clone());
        Box::pin(async move {
            let job = store::capture_job::lock(conn, id).await?.filter(|job| job.next_event == from);
            let Some(job) = job else { return Ok(false) };
            store::master_data::put(conn, &page.master_data, now).await?;
            let stored = intake::store(conn, &page.knowledge, &page.events).await?;
            let (entries, alerts) = report::of_page(&page, &stored, &entropy)?;
            raised_alert::raise(conn, &alerts).await?;
            let errors = report::array(&entries, &job.errors);
            // The number of events is known at the end; until then it is that of those read.
            store::capture_job::advance(conn, id, page.next, page.next, &errors).await?;
            if page.last {
                store::capture_job::finish(conn, id, now, entries.is_empty()).await?;
            }
            Ok::<_, Problem>(true)
        })
    })
    .await
}
