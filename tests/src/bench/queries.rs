//! The event query over HTTP, among a million events. They are put into the manufacturer's database by SQL, which is the
//! state that capturing them leaves, without the hours.

use anyhow::{Context as _, Result, ensure};
use sqlx::PgPool;
use std::time::Instant;

use super::database;
use super::http::{Connection, get};
use super::quantiles::Quantiles;
use super::report::{Row, figure};
use super::run::Run;

/// Questions of one kind.
const TIMES: u64 = 200;
/// Those that are asked before it is measured.
const WARM_UP: u64 = 20;

/// What is asked: a name, and a query of the number of an event.
type Question = (&'static str, fn(u64) -> String);

/// A question of each family of parameters that has an index of its own, and the two ways of looking for a page.
const QUESTIONS: [Question; 9] = [
    ("query by eventID", |n| format!("EQ_eventID=urn:uuid:bench-{n}")),
    ("query by EPC", |n| format!("MATCH_anyEPC=https://id.gs1.org/01/09521568251204/21/Q{n}")),
    ("query by EPC and bizStep", |n| {
        format!("MATCH_anyEPC=https://id.gs1.org/01/09521568251204/21/Q{n}&EQ_bizStep=shipping")
    }),
    ("query by a common bizStep", |_| "EQ_bizStep=shipping".to_owned()),
    ("query by a rare disposition", |_| "EQ_disposition=stolen".to_owned()),
    ("query by business transaction", |n| format!("EQ_bizTransaction_po=urn:bench:po:{}", n % 50_000)),
    ("query by lot in the ILMD", |n| format!("EQ_ILMD_cbvmda:lotNumber=L{}", n % 50_000)),
    ("query by a measured value", |n| {
        format!("GE_value_KEL={}&LT_value_KEL={}", n % 1_000_000, n % 1_000_000 + 40)
    }),
    ("query, newest first", |_| "orderBy=eventTime&EQ_bizStep=shipping".to_owned()),
];

/// Measures them.
///
/// # Errors
/// When the events cannot be put into the database.
pub async fn rows(run: &mut Run) -> Result<Vec<Row>> {
    let pool = run.pool("manufacturer")?.clone();
    let count = run.records;
    fill(&pool, count).await?;
    let limit = pages(&pool).await?;
    let service = run.service("manufacturer")?;
    let (port, key) = (service.ports.http, service.api_key().to_owned());
    let mut rows = Vec::new();
    for (name, question) in QUESTIONS {
        rows.push(match asked(port, &key, count, question).await {
            Ok(times) => Row::new(
                name,
                "-",
                vec![figure("p50", times.ms(500), "ms"), figure("p95", times.ms(950), "ms")],
            )
            .limit("a page of 30 by its key, prepared, over the socket", limit)
            .note(format!("{count} events, one client, {TIMES} questions; the ratio is of medians")),
            Err(why) => Row::not_taken(name, "-", &why),
        });
    }
    Ok(rows)
}

async fn asked(port: u16, key: &str, count: u64, question: fn(u64) -> String) -> Result<Quantiles> {
    let mut connection = Connection::open(port).await?;
    let mut times = Vec::new();
    for n in 0..WARM_UP + TIMES {
        // Spread over all of them, the same ones each time.
        let number = n.wrapping_mul(7_919_777) % count + 1;
        let request = get(&format!("/epcis/events?{}", question(number)), key);
        let start = Instant::now();
        let reply = connection.ask(&request).await?;
        let took = start.elapsed();
        ensure!(reply.status == 200, "answered {}: {}", reply.status, reply.text());
        ensure!(reply.holds("\"eventList\":[{"), "found nothing: {}", question(number));
        if n >= WARM_UP {
            times.push(took);
        }
    }
    Ok(Quantiles::of(times))
}

/// The median time of reading a page's bodies by key, in milliseconds.
async fn pages(pool: &PgPool) -> Result<f64> {
    let mut conn = pool.acquire().await?;
    let mut times = Vec::new();
    for n in 0..TIMES {
        let start = Instant::now();
        let bodies: Vec<String> =
            sqlx::query_scalar("SELECT body FROM event WHERE seq > $1 ORDER BY seq LIMIT 30")
                .bind(i64::try_from(n * 31)?)
                .fetch_all(&mut *conn)
                .await?;
        times.push(start.elapsed());
        ensure!(!bodies.is_empty(), "there are no events");
    }
    Quantiles::of(times).ms(500).context("no samples")
}

/// Puts `count` events into a database, captured within the last minutes.
async fn fill(pool: &PgPool, count: u64) -> Result<()> {
    let mut conn = pool.acquire().await?;
    sqlx::query("SET statement_timeout = '30min'").execute(&mut *conn).await?;
    let before = database::last_event(pool).await?;
    for statement in FILL {
        let statement =
            statement.replace("$count", &count.to_string()).replace("$before", &before.to_string());
        database::execute(&mut conn, statement).await?;
    }
    Ok(())
}

/// Each event has a pack, a place, an order, a lot and a temperature; one in 40,000 is of stolen goods.
const FILL: [&str; 6] = [
    "INSERT INTO event (seq, captured_at, event_id, hash_id, event_type, action, event_time, body, salt, commitment)
     SELECT $before + i, now() - i * interval '0.1 millisecond', 'urn:uuid:bench-' || i, 'ni:///bench', 1, 2,
            now() - i * interval '1 second',
            '{\"@context\":[\"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld\"],\"type\":\"ObjectEvent\",'
            || '\"eventTime\":\"2026-11-15T00:00:00Z\",\"eventTimeZoneOffset\":\"+00:00\",\"eventID\":\"urn:uuid:bench-' || i
            || '\",\"action\":\"OBSERVE\",\"bizStep\":\"shipping\",\"epcList\":[\"https://id.gs1.org/01/09521568251204/21/Q'
            || i || '\"]}', sha256('s'), sha256('c')
     FROM generate_series(1, $count) AS i",
    "INSERT INTO event_search (event_seq, captured_at, event_time, terms)
     SELECT e.seq, e.captured_at, e.event_time,
            ARRAY ['eventType=ObjectEvent', 'action=OBSERVE', 'bizStep=shipping', 'eventID=' || e.event_id,
                   CASE WHEN i % 40000 = 7 THEN 'disposition=stolen' ELSE 'disposition=in_transit' END,
                   (SELECT 'site=' || site_gln FROM api_client WHERE site_gln IS NOT NULL LIMIT 1), 'bizLocation=414/9521321000018', 'bizTransaction_po=urn:bench:po:' || i % 50000,
                   'ilmd:urn:epcglobal:cbv:mda|lotNumber', 'ilmd:urn:epcglobal:cbv:mda|lotNumber=L' || i % 50000]
     FROM generate_series(1, $count) AS i JOIN event e ON e.seq = $before + i",
    "INSERT INTO event_epc (epc, role, event_seq, captured_at)
     SELECT '01/09521568251204/21/Q' || i, 1, e.seq, e.captured_at
     FROM generate_series(1, $count) AS i JOIN event e ON e.seq = $before + i",
    "INSERT INTO event_measure (name, value, event_seq, captured_at)
     SELECT 'value temperature', i % 1000000, e.seq, e.captured_at
     FROM generate_series(1, $count) AS i JOIN event e ON e.seq = $before + i",
    "SELECT setval('event_seq', $before + $count)",
    "VACUUM (ANALYZE) event, event_search, event_epc, event_measure",
];
