//! Look-ups of packs at the pharmacy, among a million. Their records are put into its database by COPY, which is
//! the state that commissioning them through the ledger leaves, without the hours.

use anyhow::{Context as _, Result};
use ledger::Canonical as _;
use std::sync::Arc;
use std::time::Duration;
use store::PgPool;
use store::status_record::StatusRow;

use super::data::{Generator, Numbers};
use super::http::{Reply, post_head};
use super::load::{self, Judge, Load, Requests, Worth};
use super::report::{Row, figure};
use super::run::Run;
use super::{pgbench, plain};

/// Numbers of these packs begin here: no other row reaches so far.
const FIRST: u64 = 1 << 40;
/// API keys: each may make 2,000 requests a second.
const KEYS: usize = 24;
/// Clients that ask as fast as they are answered.
const CROWD: usize = 192;
/// Clients of the open load, so that none waits for its connection.
const OPEN_CROWD: usize = 448;
/// Requests made beforehand for each client.
const PER_CLIENT: u64 = 256;
/// Records written by one COPY.
const PER_COPY: usize = 50_000;
/// Before measuring: caches fill, connections open.
const WARM_UP: Duration = Duration::from_secs(1);

const NAME: &str = "authenticate";
const AIM: &str = "25,000/s, p99 < 10 ms at half load";

/// Measures it.
pub async fn rows(run: &mut Run) -> Vec<Row> {
    let measured = match row(run).await {
        Ok(row) => row,
        Err(why) => Row::not_taken(NAME, AIM, &why),
    };
    vec![measured]
}

async fn row(run: &mut Run) -> Result<Row> {
    load_records(run.pool("pharmacy")?, &run.generator, run.records).await?;
    let keys = run.clients("pharmacy", KEYS, "authenticate").await?;
    let scans = Arc::new(Scans { generator: run.generator.clone(), records: run.records });
    let service = run.service("pharmacy")?;
    let (port, url) = (service.ports.http, service.database_url.clone());
    let asked = |connection: usize| scans.authentications(&keys, connection);
    let within = run.window();
    let full = closed(port, asked, genuine, within).await?;
    let rate = full.rate(WARM_UP, WARM_UP + within);
    let times = full.times(WARM_UP);
    let connections = load::connect(port, OPEN_CROWD).await?;
    let half = load::open(connections, asked, genuine, rate / 2.0, WARM_UP + within).await?;
    let half_p99 = half.times(WARM_UP).ms(990);

    let plain = plain::Server::start(&url)?;
    let single = closed(plain.port, |connection| scans.selects(connection), found, within).await;
    plain.stop().await;
    let (single, bench) = (single?, pgbench::selects(run, "pharmacy").await);
    let figures = vec![
        figure("", rate, "requests/s"),
        figure("p50", times.ms(500), "ms saturated"),
        figure("p99", times.ms(990), "ms saturated"),
        figure("p99", half_p99, "ms at half load"),
    ];
    let met = rate >= 25_000.0 && half_p99.is_some_and(|ms| ms < 10.0);
    let note = format!(
        "{} packs, records loaded by COPY; {CROWD} clients with {KEYS} API keys, {} samples; half load on {OPEN_CROWD} \
         connections, timers of 1 ms",
        run.records,
        times.count()
    );
    let complaints = full.complaints().into_iter().chain(half.complaints());
    let mut row = Row::new(NAME, AIM, figures)
        .met(met)
        .limit("(a) a prepared SELECT a request, actix-web and sqlx", single.rate(WARM_UP, WARM_UP + within))
        .note(note)
        .note(single.complaints().map(|what| format!("(a): {what}")));
    row.notes.extend(complaints);
    Ok(match bench {
        Ok(rate) => row.limit("(b) pgbench, the same SELECT over the socket", rate),
        Err(why) => row.note(format!("(b) pgbench: not taken: {why:#}")),
    })
}

async fn closed(
    port: u16,
    asked: impl FnMut(usize) -> Requests,
    judge: Judge,
    within: Duration,
) -> Result<Load> {
    let connections = load::connect(port, CROWD).await?;
    load::closed(connections, asked, judge, WARM_UP + within).await
}

/// Puts the records of `count` packs into a node's database, in the order of their keys.
async fn load_records(pool: &PgPool, generator: &Generator, count: u64) -> Result<()> {
    let mut keyed = Vec::with_capacity(usize::try_from(count)?);
    for number in FIRST..FIRST + count {
        keyed.push((generator.record_key(number)?.0, number));
    }
    keyed.sort_unstable();
    let mut conn = pool.acquire().await?;
    if store::status_record::find(&mut conn, &[keyed.first().context("no records are wanted")?.0])
        .await?
        .is_empty()
    {
        for some in keyed.chunks(PER_COPY) {
            let rows: Result<Vec<StatusRow>> = some
                .iter()
                .map(|(record_key, number)| {
                    Ok(StatusRow {
                        record_key: *record_key,
                        record: generator.record(*number, 1)?.to_bytes(),
                    })
                })
                .collect();
            store::status_record::insert(&mut conn, &rows?).await?;
        }
    }
    sqlx::query("VACUUM (ANALYZE) status_record").execute(&mut *conn).await?;
    Ok(())
}

/// Draws packs, the same for the same client.
struct Scans {
    generator: Generator,
    records: u64,
}

impl Scans {
    fn drawn(&self, connection: usize) -> impl Iterator<Item = u64> + use<> {
        let (mut numbers, records) = (Numbers::seeded(connection as u64), self.records);
        (0..PER_CLIENT).map(move |_| FIRST + numbers.below(records))
    }

    /// Scans sent to `POST /v1/authenticate`, in turn.
    fn authentications(&self, keys: &[String], connection: usize) -> Requests {
        let key = keys.get(connection % keys.len().max(1)).cloned().unwrap_or_default();
        let made = self.drawn(connection).filter_map(|number| {
            let body = self.generator.scan_body(number).ok()?;
            let head = post_head("/v1/authenticate", &key, body.len(), None);
            Some([head, body].concat().into_bytes())
        });
        in_turn(made.collect())
    }

    /// The same look-ups by key, for the comparison.
    fn selects(&self, connection: usize) -> Requests {
        let made = self.drawn(connection).filter_map(|number| {
            let key = hex::encode(self.generator.record_key(number).ok()?.0);
            Some(super::http::get(&format!("{}/{key}", plain::PATH), "-"))
        });
        in_turn(made.collect())
    }
}

fn in_turn(made: Vec<Vec<u8>>) -> Requests {
    let mut turn = 0_usize;
    Box::new(move |bytes| {
        bytes.extend_from_slice(made.get(turn % made.len().max(1))?);
        turn += 1;
        Some(turn as u64)
    })
}

/// Reading every body would cost what is to be measured: every 32nd is.
fn genuine(number: u64, reply: &Reply<'_>) -> Worth {
    let read = number.is_multiple_of(32);
    if reply.status == 200 && (!read || reply.holds("\"verdict\":\"genuine\"")) {
        Worth::Good(0)
    } else {
        Worth::Bad(reply.status)
    }
}

fn found(_: u64, reply: &Reply<'_>) -> Worth {
    if reply.status == 200 && !reply.body.is_empty() { Worth::Good(0) } else { Worth::Bad(reply.status) }
}
