//! Single changes of state: dispensing at the pharmacy, from the request to an answer that says final. What counts is
//! final at all four nodes: the moment in which the slowest one has the block, and the record at each of them.

use anyhow::{Context as _, Result, bail};
use ledger::{Canonical as _, StatusRecord};
use lifecycle::PackState;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::capture::commission;
use super::data::{Generator, idempotency_key};
use super::database;
use super::http::{Reply, post_head};
use super::load::{self, Load, Requests, Worth};
use super::quantiles::Quantiles;
use super::report::{Row, figure};
use super::run::Run;

/// Clients that ask at once, from few to many: the best of these is the saturated figure.
const CROWDS: [usize; 3] = [64, 448, 900];
/// Packs a second that are held ready for each crowd.
const SUPPLY_PER_SECOND: u64 = 8_000;
/// API keys: each may make 2,000 requests a second.
const KEYS: usize = 8;
/// Records asked for at once.
const RECORDS_AT_ONCE: usize = 5_000;
/// How long the slowest node may take after the answers.
const EVERYWHERE_WITHIN: Duration = Duration::from_secs(60);

const SATURATED: (&str, &str) = ("dispense, saturated", "4,500/s");
const SLOW: (&str, &str) = ("dispense at 2/s", "35 / 60 ms");
const STEADY: (&str, &str) = ("dispense at 150/s", "p95 < 100 ms");

/// Who asks, and for which packs.
struct Counter {
    generator: Generator,
    keys: Vec<String>,
}

/// Measures all three.
///
/// # Errors
/// When the packs or the clients cannot be made: then no row can be measured.
pub async fn rows(run: &mut Run) -> Result<Vec<Row>> {
    let counter = Arc::new(Counter {
        generator: run.generator.clone(),
        keys: run.clients("pharmacy", KEYS, "dispense").await?,
    });
    let slow_for = run.window().max(Duration::from_secs(1)) * 4;
    let mut rows = Vec::new();
    for ((name, aim), rate, within, connections) in
        [(SLOW, 2.0, slow_for, 4), (STEADY, 150.0, run.window(), 150)]
    {
        let packs = run.draw((rate * within.as_secs_f64()) as u64 + 1);
        let measured = at_rate(run, &counter, packs, (rate, within, connections)).await;
        rows.push(
            measured.map_or_else(|why| Row::not_taken(name, aim, &why), |row| Row { name, aim, ..row }),
        );
    }
    let measured = saturated(run, &counter).await;
    let (name, aim) = SATURATED;
    rows.insert(0, measured.unwrap_or_else(|why| Row::not_taken(name, aim, &why)));
    Ok(rows)
}

async fn saturated(run: &mut Run, counter: &Arc<Counter>) -> Result<Row> {
    let within = (run.window() / 2).max(Duration::from_secs(1));
    let mut best: Option<(f64, usize, Quantiles)> = None;
    let mut row = Row::new(SATURATED.0, SATURATED.1, Vec::new());
    for crowd in CROWDS {
        let packs = run.draw(SUPPLY_PER_SECOND * within.as_secs());
        commission(run, packs.clone()).await?;
        let port = run.service("pharmacy")?.ports.http;
        let connections = load::connect(port, crowd).await?;
        let load = load::closed(connections, requests(counter, packs), judge, within).await?;
        let checked = everywhere(run, &load).await?;
        let rate = checked.good as f64 / checked.took.max(within).as_secs_f64();
        let seen = load.times(Duration::ZERO);
        let ms = |permille| seen.ms(permille).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0}"));
        row = row
            .note(format!(
                "{crowd} clients: {rate:.0}/s final everywhere, answered in p50 {} / p95 {} ms",
                ms(500),
                ms(950)
            ))
            .note(load.complaints().map(|what| format!("{crowd} clients: {what}")));
        if best.as_ref().is_none_or(|(so_far, ..)| rate > *so_far) {
            best = Some((rate, crowd, seen));
        }
        run.settle().await?;
    }
    let (rate, crowd, seen) = best.context("there was no load")?;
    row.figures = vec![
        figure("", rate, "dispenses/s"),
        figure("p50", seen.ms(500), "ms to final"),
        figure("p95", seen.ms(950), "ms to final"),
    ];
    let url = &run.service("pharmacy")?.database_url;
    let (commits, _) = database::commits(url, 32, Duration::from_secs(2)).await?;
    let note = format!(
        "the figure is that of {crowd} clients; every dispensed pack was looked up at all four databases"
    );
    Ok(row.limit("commits of a row each, 32 at once, 1 database", commits).met(rate >= 4_500.0).note(note))
}

async fn at_rate(
    run: &Run,
    counter: &Arc<Counter>,
    packs: Range<u64>,
    (rate, within, connections): (f64, Duration, usize),
) -> Result<Row> {
    commission(run, packs.clone()).await?;
    let connections = load::connect(run.service("pharmacy")?.ports.http, connections).await?;
    let load = load::open(connections, requests(counter, packs), judge, rate, within).await?;
    let checked = everywhere(run, &load).await?;
    let seen = load.times(Duration::ZERO);
    let (p50, p95) = (seen.ms(500), seen.ms(950));
    let figures = vec![
        figure("p50", p50, "ms to final"),
        figure("p95", p95, "ms to final"),
        figure("p95", checked.times.ms(950), "ms to final at all four"),
    ];
    let url = &run.service("pharmacy")?.database_url;
    let (_, commits) = database::commits(url, 1, Duration::from_millis(500)).await?;
    let met = match rate {
        slow if slow < 100.0 => p50.is_some_and(|ms| ms <= 35.0) && p95.is_some_and(|ms| ms <= 60.0),
        _ => p95.is_some_and(|ms| ms < 100.0),
    };
    let met = met && load.complaints().is_none();
    let row = Row::new("", "", figures).met(met).note(format!(
        "{} of {} samples",
        seen.count(),
        load.samples.len()
    ));
    Ok(row.note(load.complaints()).limit("one commit of one row", commits.ms(500).unwrap_or_default()))
}

/// Dispenses of these packs, each once, whoever asks.
fn requests(counter: &Arc<Counter>, packs: Range<u64>) -> impl FnMut(usize) -> Requests {
    let next = Arc::new(AtomicU64::new(packs.start));
    let (counter, end) = (Arc::clone(counter), packs.end);
    move |connection| {
        let (counter, next) = (Arc::clone(&counter), Arc::clone(&next));
        Box::new(move |bytes| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let key = counter.keys.get(connection % counter.keys.len().max(1)).filter(|_| number < end)?;
            let body = counter.generator.scan_body(number).ok()?;
            let idempotency = idempotency_key(1, number).to_string();
            bytes.extend(post_head("/v1/packs/dispense", key, body.len(), Some(&idempotency)).into_bytes());
            bytes.extend(body.into_bytes());
            Some(number)
        })
    }
}

fn judge(_: u64, reply: &Reply<'_>) -> Worth {
    match reply.number("block") {
        Some(block) if reply.status == 200 && reply.holds("\"final\":true") => Worth::Good(block),
        _ if reply.status == 200 => Worth::Pending,
        _ => Worth::Bad(reply.status),
    }
}

/// What was final everywhere.
struct Everywhere {
    good: usize,
    /// From the load's start until the slowest node had the last block.
    took: Duration,
    /// From when each was due until the slowest node had its block.
    times: Quantiles,
}

/// Waits for the slowest node, and looks every pack up that was answered final, at every node.
async fn everywhere(run: &Run, load: &Load) -> Result<Everywhere> {
    let good: Vec<_> = load.good().collect();
    let Some(last) = good.iter().map(|(_, block)| *block).max() else {
        bail!("no dispense was final: {}", load.complaints().unwrap_or_default());
    };
    let took = run.finals.until(last, EVERYWHERE_WITHIN).await?.saturating_duration_since(load.start);
    let mut keys = Vec::with_capacity(good.len());
    for (sample, _) in &good {
        keys.push(run.generator.record_key(sample.request)?.0);
    }
    for (name, pool) in run.pools() {
        let mut conn = pool.acquire().await?;
        let mut supplied = 0;
        for keys in keys.chunks(RECORDS_AT_ONCE) {
            for row in store::status_record::find(&mut conn, keys).await? {
                supplied += usize::from(StatusRecord::from_bytes(&row.record)?.state == PackState::Supplied);
            }
        }
        if supplied != keys.len() {
            bail!("{} dispenses were answered final, {name} has {supplied} of them", keys.len());
        }
    }
    let due = |answered: Duration, took: Duration| load.start + answered.saturating_sub(took);
    let times = good.iter().filter_map(|(sample, block)| {
        Some(run.finals.reached(*block)?.saturating_duration_since(due(sample.answered, sample.took)))
    });
    Ok(Everywhere { good: good.len(), took, times: Quantiles::of(times) })
}
