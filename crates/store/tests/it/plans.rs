//! No statement that exists reads a whole table: every query of the committed metadata is planned here.

use std::path::PathBuf;

use sqlx::{AssertSqlSafe, Executor, PgConnection};
use store::testing::TestDatabase;

use crate::support::conn;

/// Statements that read all of a table on purpose, by how they begin.
const WHOLE_TABLE: [(&str, &str); 2] = [
    (
        "SELECT id, name, site_gln, permissions, created_at, revoked_at FROM api_client ORDER BY",
        "tens of clients",
    ),
    (
        "SELECT kind, key, body, height FROM directory_entry WHERE height",
        "thousands of entries, after a change",
    ),
];

/// The statements of an audit, which reads everything once and on purpose.
const AUDIT: [&str; 5] = [
    include_str!("../../src/audit.rs"),
    include_str!("../../src/audit/chain.rs"),
    include_str!("../../src/audit/events.rs"),
    include_str!("../../src/audit/own.rs"),
    include_str!("../../src/audit/partners.rs"),
];

fn reads_everything(query: &str) -> bool {
    WHOLE_TABLE.iter().any(|(start, _)| query.starts_with(start))
        || AUDIT.iter().any(|source| source.contains(query))
}

/// Rows in each of the tables that grow, so that the planner has a choice.
const FILL: &str = "
    INSERT INTO event (seq, captured_at, event_id, hash_id, event_type, event_time, body, salt, commitment)
    SELECT i, now(), i, i, 1, now(), '{}', sha256('s'), sha256('c') FROM generate_series(1, 20000) AS i;
    INSERT INTO event_identity SELECT i, sha256('h'), i, now() FROM generate_series(1, 20000) AS i;
    INSERT INTO event_anchor SELECT i, now(), i, 0, i FROM generate_series(1, 20000) AS i;
    INSERT INTO event_epc SELECT 'epc' || i, 1, i, now() FROM generate_series(1, 20000) AS i;
    INSERT INTO batch SELECT i, sha256('b'), '', now(), i FROM generate_series(1, 20000) AS i;
    INSERT INTO custody SELECT 'epc' || i, 'epc' || i / 10, '9521321000010', 1, 1, now() FROM generate_series(100, 20000) AS i;
    INSERT INTO status_record SELECT sha256(i::text::bytea), 'r' FROM generate_series(1, 20000) AS i;
    INSERT INTO status_history SELECT sha256(i::text::bytea), 1, i, 0, 0 FROM generate_series(1, 20000) AS i;
    INSERT INTO block SELECT i, sha256(i::text::bytea), i, '', '', '' FROM generate_series(1, 20000) AS i;
    INSERT INTO block_batch SELECT i, 0, i % 4, i, sha256('b'), '' FROM generate_series(1, 20000) AS i;
    INSERT INTO known_event (author, event_id, commitment, disclosure, receipt, body, received_at)
    SELECT 1, i, sha256('c'), '', '', '{}', now() FROM generate_series(1, 20000) AS i;
    INSERT INTO known_event_epc SELECT 'epc' || i, 1, i FROM generate_series(1, 20000) AS i;
    INSERT INTO idempotency SELECT gen_random_uuid(), i, sha256('r'), 200, '[]', '', now() FROM generate_series(1, 20000) AS i;
    INSERT INTO message_out SELECT gen_random_uuid(), 1, 1, '', now(), 1, now(), now() FROM generate_series(1, 20000) AS i;
    INSERT INTO message_in SELECT gen_random_uuid(), 1, 1, '', now(), now() FROM generate_series(1, 20000) AS i;
    INSERT INTO alert SELECT gen_random_uuid(), 'c', 1, now(), null, i, i, null, '{}', 1 FROM generate_series(1, 20000) AS i;
    INSERT INTO lookup_log SELECT gen_random_uuid(), gen_random_uuid(), now(), '', '', '', '' FROM generate_series(1, 20000) AS i;
    INSERT INTO capture_job SELECT gen_random_uuid(), gen_random_uuid(), now(), now(), false, true, 1, '', '' FROM generate_series(1, 20000) AS i;
    ANALYZE;";

/// Tables that [`FILL`] fills.
const FILLED: [&str; 18] = [
    "event",
    "event_identity",
    "event_anchor",
    "event_epc",
    "batch",
    "custody",
    "status_record",
    "status_history",
    "block",
    "block_batch",
    "known_event",
    "known_event_epc",
    "idempotency",
    "message_out",
    "message_in",
    "alert",
    "lookup_log",
    "capture_job",
];

/// Every query in the metadata that reads tables of ours.
fn queries() -> Vec<(String, usize)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let mut queries = Vec::new();
    for entry in std::fs::read_dir(dir).expect("the metadata is committed") {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let query = json["query"].as_str().unwrap().to_owned();
        let parameters = json["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len);
        let system = ["pg_", "_sqlx_migrations", "set_config", "nextval", "ensure_"];
        if !system.iter().any(|word| query.contains(word)) {
            queries.push((query, parameters));
        }
    }
    queries.sort();
    assert!(queries.len() > 80, "{} queries", queries.len());
    queries
}

/// The plan that the pool's sessions use: generic, whatever the values.
async fn plan(conn: &mut PgConnection, query: &str, parameters: usize) -> String {
    conn.execute(AssertSqlSafe(format!("PREPARE planned AS {query}")))
        .await
        .expect("the statement is prepared");
    let values = vec!["NULL"; parameters].join(", ");
    let values = if parameters == 0 { String::new() } else { format!("({values})") };
    let explain = format!("EXPLAIN EXECUTE planned {values}");
    let lines: Vec<String> = sqlx::query_scalar(AssertSqlSafe(explain)).fetch_all(&mut *conn).await.unwrap();
    conn.execute("DEALLOCATE planned").await.unwrap();
    lines.join("\n")
}

/// Tables that the plan reads from end to end.
fn scanned(plan: &str) -> Vec<&str> {
    let lines = plan.lines().filter_map(|line| line.split_once("Seq Scan on "));
    lines.filter_map(|(_, rest)| rest.split_whitespace().next()).collect()
}

#[tokio::test]
async fn every_statement_has_an_index_to_use() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    conn.execute("SET enable_seqscan = off").await.unwrap();
    for (query, parameters) in queries() {
        if reads_everything(&query) {
            continue;
        }
        let plan = plan(&mut conn, &query, parameters).await;
        assert!(scanned(&plan).is_empty(), "{query}\n{plan}");
    }
}

#[tokio::test]
async fn with_rows_in_the_tables_the_planner_uses_the_indexes() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    conn.execute(FILL).await.unwrap();
    for (query, parameters) in queries() {
        if reads_everything(&query) {
            continue;
        }
        let plan = plan(&mut conn, &query, parameters).await;
        let table = |partition: &str| {
            FILLED.iter().any(|name| partition == *name || partition == format!("{name}_default"))
        };
        let scanned: Vec<&str> = scanned(&plan).into_iter().filter(|name| table(name)).collect();
        assert!(scanned.is_empty(), "{scanned:?}\n{query}\n{plan}");
    }
}
