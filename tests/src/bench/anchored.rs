//! How fast packs become final and indexed at all four nodes, and how long a document takes until then: from sending
//! it to the moment in which the slowest node has the block with the last of the event's updates.

use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use sqlx::Connection as _;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

use super::capture::post;
use super::database::{self, Copied};
use super::http::Connection;
use super::quantiles::Quantiles;
use super::report::{Row, figure};
use super::run::Run;

/// Packs of an event: one transaction of the comparison.
const PER_EVENT: u64 = 100;
/// Packs of a document.
const PER_DOCUMENT: u64 = 1_000;
/// Documents that are not final yet. At 15,000 packs/s eight of them are half a second of work.
const DOCUMENTS_OPEN: usize = 8;
/// Connections that post.
const POSTERS: usize = 2;
/// Without any block for so long the run is given up.
const STALLED: Duration = Duration::from_secs(60);
/// Records copied for the limit.
const RECORDS_COPIED: u64 = 100_000;

/// The row.
const NAME: &str = "anchored at 4 nodes";
const AIM: &str = "15,000 packs/s, p95 < 1,000 ms";

/// A document that was sent.
struct Sent {
    at: Instant,
    events_open: usize,
}

/// What is on its way, and how long the rest took.
#[derive(Default)]
struct Flights {
    documents: Vec<Sent>,
    of_event: HashMap<String, usize>,
    times: Vec<Duration>,
    last: Option<Instant>,
}

/// Measures it.
pub async fn rows(run: &mut Run) -> Vec<Row> {
    let measured = match row(run).await {
        Ok(row) => row,
        Err(why) => Row::not_taken(NAME, AIM, &why),
    };
    vec![measured]
}

async fn row(run: &mut Run) -> Result<Row> {
    let pool = run.pool("manufacturer")?.clone();
    let before = records_everywhere(run).await?;
    let most = u64::from(run.seconds) * 100;
    let packs = run.draw(most * PER_DOCUMENT);
    let (flights, open) = (Mutex::new(Flights::default()), Semaphore::new(DOCUMENTS_OPEN));
    let (posted_all, from) = (AtomicBool::new(false), run.finals.everywhere());
    let (start, within, run) = (Instant::now(), run.window(), &*run);
    let service = run.service("manufacturer")?;
    let posters = (0..POSTERS).map(|poster| {
        let (flights, open, packs) = (&flights, &open, packs.clone());
        async move {
            let mut connection = Connection::open(service.ports.http).await?;
            for document in (poster as u64..most).step_by(POSTERS) {
                // Given back by the tracker, when the document is final.
                open.acquire().await?.forget();
                if start.elapsed() >= within {
                    return Ok(());
                }
                let first = packs.start + document * PER_DOCUMENT;
                let made = run.generator.commissioning(first..first + PER_DOCUMENT, PER_EVENT)?;
                lock(flights).depart(&made.event_ids);
                post(&mut connection, service.api_key(), &made.json).await?;
            }
            anyhow::Ok(())
        }
    });
    let posting = async {
        let posted = try_join_all(posters).await;
        posted_all.store(true, Ordering::Relaxed);
        posted
    };
    let tracking = track(run, &pool, from, &flights, &open, &posted_all);
    tokio::try_join!(posting, tracking)?;
    let flights = flights.into_inner().unwrap_or_else(PoisonError::into_inner);
    let took = flights.last.context("nothing became final")?.duration_since(start).as_secs_f64();
    let packs = flights.documents.len() as u64 * PER_DOCUMENT;
    let after = records_everywhere(run).await?;
    if after.iter().zip(&before).any(|(after, before)| after - before != packs) {
        bail!(
            "{packs} packs were commissioned; the four nodes had {before:?} records before and {after:?} after"
        );
    }
    let (rate, times) = (packs as f64 / took, Quantiles::of(flights.times));
    let met = rate >= 15_000.0 && times.ms(950).is_some_and(|ms| ms < 1_000.0);
    let figures = vec![
        figure("", rate, "packs/s"),
        figure("p50", times.ms(500), "ms capture to final"),
        figure("p95", times.ms(950), "ms capture to final"),
    ];
    let note = format!(
        "{packs} packs in events of {PER_EVENT}, {} events timed, at most {DOCUMENTS_OPEN} documents of \
         {PER_DOCUMENT} packs on their way; every record counted at every node",
        times.count()
    );
    let row = Row::new(NAME, AIM, figures).met(met).note(note);
    Ok(match limit(run).await {
        Ok(limit) => row.limit("COPY of records into 4 tables with their key", limit),
        Err(why) => row.note(format!("limit: not taken: {why:#}")),
    })
}

/// Learns from every block what is final, and lets as many new documents go.
async fn track(
    run: &Run,
    pool: &store::PgPool,
    from: u64,
    flights: &Mutex<Flights>,
    open: &Semaphore,
    posted_all: &AtomicBool,
) -> Result<()> {
    let (mut seen, mut moved) = (from, Instant::now());
    loop {
        if posted_all.load(Ordering::Relaxed) && lock(flights).is_over() {
            return Ok(());
        }
        let reached = run.finals.above(seen, Duration::from_millis(100)).await;
        if reached > seen {
            for (event, height) in database::finals_between(pool, seen, reached).await? {
                let at = run.finals.reached(height).context("a block was reached at no moment")?;
                if lock(flights).arrive(&event, at) {
                    open.add_permits(1);
                }
                moved = Instant::now();
            }
            seen = reached;
        }
        if moved.elapsed() > STALLED {
            bail!(
                "nothing became final for {} s; {} events wait",
                STALLED.as_secs(),
                lock(flights).of_event.len()
            );
        }
    }
}

impl Flights {
    fn depart(&mut self, events: &[String]) {
        let document = self.documents.len();
        self.documents.push(Sent { at: Instant::now(), events_open: events.len() });
        self.of_event.extend(events.iter().map(|event| (event.clone(), document)));
    }

    /// Says whether the event was the last of its document.
    fn arrive(&mut self, event: &str, at: Instant) -> bool {
        let Some(document) = self.of_event.remove(event).and_then(|index| self.documents.get_mut(index))
        else {
            return false;
        };
        self.times.push(at.saturating_duration_since(document.at));
        self.last = self.last.max(Some(at));
        document.events_open = document.events_open.saturating_sub(1);
        document.events_open == 0
    }

    fn is_over(&self) -> bool {
        self.of_event.is_empty()
    }
}

fn lock(flights: &Mutex<Flights>) -> std::sync::MutexGuard<'_, Flights> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn records_everywhere(run: &Run) -> Result<Vec<u64>> {
    let counts = run.pools().iter().map(|(_, pool)| database::records(pool));
    try_join_all(counts).await
}

/// The same records, by COPY into a table with their key at all four databases at once.
async fn limit(run: &Run) -> Result<f64> {
    let select = format!("SELECT record_key, record FROM status_record LIMIT {RECORDS_COPIED}");
    let mut ready = Vec::new();
    let mut count = 0;
    for (name, pool) in run.pools() {
        count = database::records(pool).await?.min(RECORDS_COPIED);
        let mut conn = database::connection(&run.service(name)?.database_url).await?;
        let copied: Copied = database::copy_out(&mut conn, "bench_record", &select).await?;
        database::execute(&mut conn, "ALTER TABLE bench_record ADD PRIMARY KEY (record_key)".to_owned())
            .await?;
        ready.push((conn, [copied]));
    }
    let start = Instant::now();
    let copies = ready.iter_mut().map(|(conn, copied)| database::copy_in(conn, copied.as_slice()));
    let slowest = try_join_all(copies).await?.into_iter().max().unwrap_or_else(|| start.elapsed());
    for (conn, _) in ready {
        conn.close().await?;
    }
    Ok(count as f64 / slowest.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_final_with_its_last_event() {
        let mut flights = Flights::default();
        let events = ["a", "b"].map(str::to_owned);
        flights.depart(&events);
        let later = Instant::now() + Duration::from_millis(5);
        assert!(!flights.arrive("a", later));
        assert!(!flights.arrive("another organisation's", later));
        assert!(!flights.is_over());
        assert!(flights.arrive("b", later));
        assert!(flights.is_over() && flights.times.len() == 2);
    }
}
