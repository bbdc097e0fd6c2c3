//! How fast documents become durable events: from `POST /epcis/capture` until the job is finished. All four nodes
//! run meanwhile and anchor what comes, as they would.

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::database;
use super::http::{Connection, get, post_head};
use super::report::{Row, figure};
use super::run::Run;
use crate::until::until;

/// Documents under way at once: one is read while the other is stored.
const POSTERS: u64 = 2;
/// No document takes longer.
const JOB_MAX: Duration = Duration::from_secs(60);
/// Between two looks at a job.
const LOOK: Duration = Duration::from_millis(3);

/// Shapes of the same work: the name, packs of an event, events of a document, aim.
const SHAPES: [(&str, u64, u64); 3] = [
    ("capture, 1 pack an event", 1, 1_000),
    ("capture, 500 packs an event", 500, 20),
    ("capture, documents of 10,000 events", 1, 10_000),
];

/// What was captured.
struct Captured {
    events: u64,
    packs: u64,
    documents: u64,
    took: Duration,
}

/// Measures all shapes.
///
/// # Errors
/// When the network does not come to rest between them.
pub async fn rows(run: &mut Run) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, per_event, events) in SHAPES {
        rows.push(match row(run, name, per_event, events).await {
            Ok(row) => row,
            Err(why) => Row::not_taken(name, "-", &why),
        });
        run.settle().await?;
    }
    Ok(rows)
}

async fn row(run: &mut Run, name: &'static str, per_event: u64, events: u64) -> Result<Row> {
    let pool = run.pool("manufacturer")?.clone();
    let (event, height) = (database::last_event(&pool).await?, run.finals.everywhere());
    let captured = captured(run, per_event, per_event * events).await?;
    run.settle().await?;
    let copied = copied_again(run, event, height).await;
    let seconds = captured.took.as_secs_f64();
    let rate = |count: u64, seconds: f64| count as f64 / seconds;
    let note = format!(
        "{} events with {} packs in {seconds:.1} s; COPY: the same events, identifiers, custody and batches into \
         tables without an index, in one transaction",
        captured.events, captured.packs
    );
    let (by_event, by_pack) = (rate(captured.events, seconds), rate(captured.packs, seconds));
    let (events, packs) = (figure("", by_event, "events/s"), figure("", by_pack, "packs/s"));
    let one = figure(
        "to durable",
        1_000.0 * POSTERS as f64 * seconds / captured.documents.max(1) as f64,
        "ms a document",
    );
    let (figures, counted) = if per_event == 1 {
        (vec![events, packs, one], captured.events)
    } else {
        (vec![packs, events, one], captured.packs)
    };
    let row = Row::new(name, "-", figures).note(note);
    Ok(match copied {
        Ok(copied) => row.limit("COPY of the same rows", rate(counted, copied.as_secs_f64())),
        Err(why) => row.note(format!("limit: not taken: {why:#}")),
    })
}

/// Posts documents one after another on each connection until the time is over.
async fn captured(run: &mut Run, per_event: u64, per_document: u64) -> Result<Captured> {
    let most = u64::from(run.seconds) * 200;
    let packs = run.draw(most * per_document);
    let service = run.service("manufacturer")?;
    let (port, key, generator) = (service.ports.http, service.api_key().to_owned(), run.generator.clone());
    let (start, within) = (Instant::now(), run.window());
    let posters = (0..POSTERS).map(|poster| {
        let (key, generator, packs) = (&key, &generator, packs.clone());
        async move {
            let mut connection = Connection::open(port).await?;
            let mut done = 0_u64;
            for document in (poster..most).step_by(POSTERS as usize) {
                if start.elapsed() >= within {
                    break;
                }
                let first = packs.start + document * per_document;
                let json = generator.commissioning(first..first + per_document, per_event)?.json;
                let job = post(&mut connection, key, &json).await?;
                finished(&mut connection, key, &job).await?;
                done += 1;
            }
            anyhow::Ok(done)
        }
    });
    let documents: u64 = try_join_all(posters).await?.into_iter().sum();
    let packs = documents * per_document;
    Ok(Captured { events: packs / per_event, packs, documents, took: start.elapsed() })
}

/// Posts a document and says where its job is.
///
/// # Errors
/// When it is not accepted.
pub async fn post(connection: &mut Connection, key: &str, json: &str) -> Result<String> {
    let mut request = post_head("/epcis/capture", key, json.len(), None).into_bytes();
    request.extend_from_slice(json.as_bytes());
    let reply = connection.ask(&request).await?;
    ensure!(reply.status == 202, "a document was answered {}: {}", reply.status, reply.text());
    let location = reply.header("location").context("an accepted document has no Location")?;
    let path = location.find("/epcis/").and_then(|at| location.get(at..));
    Ok(path.context("the Location is no capture job")?.to_owned())
}

/// Waits until a job is finished.
async fn finished(connection: &mut Connection, key: &str, job: &str) -> Result<()> {
    let request = get(job, key);
    let begun = Instant::now();
    loop {
        let reply = connection.ask(&request).await?;
        ensure!(reply.status == 200, "a job was answered {}: {}", reply.status, reply.text());
        if reply.holds("\"running\":false") {
            ensure!(reply.holds("\"success\":true"), "a capture failed: {}", reply.text());
            return Ok(());
        }
        ensure!(begun.elapsed() < JOB_MAX, "a job is not finished after {} s", JOB_MAX.as_secs());
        tokio::time::sleep(LOOK).await;
    }
}

/// Copies what was stored since `event` and `height` into bare tables, and says how long that took.
async fn copied_again(run: &Run, event: u64, height: u64) -> Result<Duration> {
    let mut conn = database::connection(&run.service("manufacturer")?.database_url).await?;
    let mut copied = Vec::new();
    for (table, select) in [
        ("bench_event", format!("SELECT * FROM event WHERE seq > {event}")),
        ("bench_event_epc", format!("SELECT * FROM event_epc WHERE event_seq > {event}")),
        ("bench_event_identity", format!("SELECT * FROM event_identity WHERE event_seq > {event}")),
        ("bench_custody", format!("SELECT * FROM custody WHERE event_seq > {event}")),
        // The outbox is empty again; the batches hold its bytes.
        ("bench_batch", format!("SELECT signed FROM block_batch WHERE author = 1 AND height > {height}")),
    ] {
        copied.push(database::copy_out(&mut conn, table, &select).await?);
    }
    database::copy_in(&mut conn, &copied).await
}

/// Commissions packs for other rows, and waits until all nodes have them.
///
/// # Errors
/// When that fails.
pub async fn commission(run: &Run, packs: Range<u64>) -> Result<()> {
    const PER_EVENT: u64 = 1_000;
    const PER_DOCUMENT: u64 = 10_000;
    let service = run.service("manufacturer")?;
    let mut connection = Connection::open(service.ports.http).await?;
    let mut first = packs.start;
    while first < packs.end {
        let last = packs.end.min(first + PER_DOCUMENT);
        let document = run.generator.commissioning(first..last, PER_EVENT)?;
        let job = post(&mut connection, service.api_key(), &document.json).await?;
        finished(&mut connection, service.api_key(), &job).await?;
        first = last;
    }
    run.settle().await
}

/// Waits until an organisation has nothing on its way to the ledger, and every node its last block.
///
/// # Errors
/// When that takes longer than two minutes.
pub async fn settle(run: &Run, organisation: &str) -> Result<()> {
    const SETTLED_WITHIN: Duration = Duration::from_secs(120);
    let pool = run.pool(organisation)?;
    let height = until(&format!("{organisation} to have nothing on its way"), SETTLED_WITHIN, || async {
        let (open, height) = database::unfinished(pool).await?;
        Ok((open == 0).then_some(height))
    })
    .await?;
    run.finals.until(height, SETTLED_WITHIN).await.map(|_| ())
}
