//! The event query on a million events: whatever is asked with a bound, PostgreSQL reads little more than it answers.

use epcis::Namespaces;
use epcis::query::EventQuery;
use sqlx::Executor as _;
use store::event::{self, Search};
use store::partition;
use store::testing::TestDatabase;

use crate::support::{at, conn};

/// A million events in a month, a second apart, with what a middle-sized wholesaler's have: some values common, some rare.
const FILL: &str = "
    DROP INDEX event_search_terms_idx;
    INSERT INTO event (seq, captured_at, event_id, hash_id, event_type, event_time, body, salt, commitment)
    SELECT i, timestamptz '2026-11-15 00:00Z' + i * interval '1 second', 'urn:uuid:' || i, 'h', 1,
           timestamptz '2026-11-14 00:00Z' + i * interval '1 second', '{}', sha256('s'), sha256('c')
    FROM generate_series(1, 1000000) AS i;
    INSERT INTO event_search (event_seq, captured_at, event_time, terms)
    SELECT i, timestamptz '2026-11-15 00:00Z' + i * interval '1 second',
           timestamptz '2026-11-14 00:00Z' + i * interval '1 second',
           ARRAY ['eventType=ObjectEvent', 'action=OBSERVE', 'eventID=urn:uuid:' || i,
                  CASE WHEN i % 50000 = 7 THEN 'bizStep=destroying' WHEN i > 700000 THEN 'bizStep=receiving'
                       ELSE 'bizStep=shipping' END,
                  CASE WHEN i % 40000 = 7 THEN 'disposition=stolen' ELSE 'disposition=in_transit' END,
                  'readPoint=414/95211411' || i % 20000, 'bizLocation=414/95211411' || i % 30000,
                  'bizTransaction_po=urn:x:' || i % 90000, 'source_owning_party=417/' || i % 70000,
                  'destination_owning_party=417/' || i % 80000, 'site=' || i % 25000,
                  CASE WHEN i % 1000 = 0 THEN 'site=other' ELSE 'site=nearly' END,
                  CASE WHEN i > 850000 THEN 'site=new' ELSE 'site=old' END,
                  'ilmd:urn:epcglobal:cbv:mda|lotNumber=L' || i % 60000, 'ext:https://ns.example.com|a=' || i % 99000,
                  'deviceID=' || i % 65000]
           || CASE WHEN i % 45000 = 7 THEN ARRAY ['errorDeclaration', 'errorReason=incorrect_data', 'sensorElementList',
                  'type=Temperature', 'inner.ilmd:https://ns.example.com|b'] ELSE ARRAY[]::text[] END
    FROM generate_series(1, 1000000) AS i;
    CREATE INDEX event_search_terms_idx ON event_search USING gin (terms, (ARRAY[event_seq >> 12])) WITH (gin_pending_list_limit = 512);
    INSERT INTO event_epc SELECT '01/09521568251204/21/' || i, 1, i, timestamptz '2026-11-15 00:00Z' + i * interval '1 second'
    FROM generate_series(1, 1000000) AS i;
    INSERT INTO event_epc SELECT '01/0952156825' || lpad((i % 5000)::text, 4, '0') || '/10/L', 11, i,
           timestamptz '2026-11-15 00:00Z' + i * interval '1 second'
    FROM generate_series(1, 1000000, 10) AS i;
    INSERT INTO event_measure SELECT name, i, i, timestamptz '2026-11-15 00:00Z' + i * interval '1 second'
    FROM generate_series(1, 1000000, 10) AS i,
         unnest(ARRAY ['quantity', 'value temperature', 'time', 'errorDeclarationTime', 'ilmd:urn:epcglobal:cbv:mda|x#number']) AS name;
    INSERT INTO event_measure SELECT 'value temperature', i + 500000, i, timestamptz '2026-11-15 00:00Z' + i * interval '1 second', true
    FROM generate_series(1, 1000000, 10000) AS i;
    UPDATE event_measure SET several = true WHERE name = 'value temperature' AND value % 10000 = 1 AND value <= 1000000;
    ANALYZE event_search; ANALYZE event; ANALYZE event_epc; ANALYZE event_measure;";

/// A parameter of each family, with a bound.
const ASKED: &[&[(&str, &str)]] = &[
    &[],
    &[("eventType", "ObjectEvent")],
    &[("EQ_action", "OBSERVE")],
    &[("EQ_action", "ADD")],
    &[("EQ_bizStep", "shipping")],
    &[("EQ_bizStep", "destroying")],
    &[("EQ_bizStep", "sampling")],
    &[("EQ_bizStep", "receiving")],
    &[("EQ_bizStep", "receiving"), ("EQ_disposition", "in_transit"), ("EQ_action", "OBSERVE")],
    &[("EQ_bizStep", "receiving"), ("EQ_disposition", "stolen")],
    &[("EQ_bizStep", "shipping|receiving"), ("EQ_errorReason", "incorrect_data")],
    &[("EQ_disposition", "stolen")],
    &[("EQ_bizStep", "shipping"), ("EQ_disposition", "stolen")],
    &[("EQ_eventID", "urn:uuid:700000")],
    &[("EQ_readPoint", "https://x.example/none")],
    &[("EQ_bizTransaction_po", "urn:x:7")],
    &[("EQ_source_owning_party", "urn:x:7")],
    &[("EQ_destination_owning_party", "urn:x:7")],
    &[("GE_eventTime", "2026-11-25T00:00:00Z"), ("LT_eventTime", "2026-11-25T00:10:00Z")],
    &[("GE_recordTime", "2026-11-25T00:00:00Z"), ("LT_recordTime", "2026-11-25T00:10:00Z")],
    &[("GE_recordTime", "2026-12-25T00:00:00Z")],
    &[("MATCH_epc", "https://id.gs1.org/01/09521568251204/21/900000")],
    &[("MATCH_anyEPC", "urn:epc:id:sgtin:952156825.0120.77")],
    &[("MATCH_epc", "https://id.gs1.org/01/09521568251204/21/900000"), ("EQ_bizStep", "shipping")],
    &[("MATCH_epcClass", "https://id.gs1.org/01/09521568250016/10/L")],
    &[("MATCH_anyEPC", "urn:epc:idpat:sscc:9521141.*")],
    &[("GE_quantity", "999500")],
    &[("EQ_value_CEL", "5000.85")],
    &[("GE_value_KEL", "500001"), ("LT_value_KEL", "500041")],
    &[("GT_value_KEL", "700001"), ("LE_value_KEL", "700041"), ("EQ_bizStep", "shipping")],
    &[("GE_value_KEL", "500001"), ("LT_value_KEL", "500041"), ("EQ_bizStep", "receiving")],
    &[("GE_time", "2026-11-25T00:00:00Z")],
    &[("LT_errorDeclarationTime", "1970-01-01T00:00:00Z")],
    &[("EXISTS_errorDeclaration", "")],
    &[("EQ_errorReason", "incorrect_data")],
    &[("EXISTS_sensorElementList", "")],
    &[("EQ_type", "Temperature")],
    &[("EQ_deviceID", "7")],
    &[("EQ_ILMD_cbvmda:lotNumber", "L77")],
    &[("GE_ILMD_cbvmda:x", "999500")],
    &[("EQ_example:a", "77")],
    &[("EXISTS_INNER_ILMD_example:b", "")],
    &[("orderBy", "eventTime")],
    &[("orderBy", "recordTime"), ("orderDirection", "ASC"), ("EQ_bizStep", "shipping")],
    &[("orderBy", "eventTime"), ("EQ_bizStep", "destroying")],
];

/// Clients: of the organisation; of a site that few events carry, that nearly all do, that all do from late on.
const SITES: [Option<&str>; 4] = [None, Some("77"), Some("nearly"), Some("new")];

/// Rows that a node of the plan reads, with those that it throws away, at most: twice those of the search near by.
const READ_MAX: u64 = 20_000;

/// The number that follows a word in a line of a plan.
fn number(line: &str, word: &str) -> Option<u64> {
    line.rsplit_once(word)?.1.split([' ', ')']).next()?.parse().ok()
}

/// The most rows that one node has read: those it gave, and those it threw away, in all of its loops.
fn read(plan: &str) -> u64 {
    let (mut most, mut given, mut loops) = (0, 0, 1);
    for line in plan.lines() {
        if let (Some(rows), Some(times)) = (number(line, "actual rows="), number(line, " loops=")) {
            (given, loops) = (rows * times, times);
            most = most.max(given);
        } else if line.contains("Rows Removed by") {
            let removed = number(line, ": ").unwrap_or_default();
            given += removed * loops;
            most = most.max(given);
        }
    }
    most
}

#[test]
fn rows_are_counted_in_all_loops_of_a_node() {
    let plan = "Limit  (cost=0.1..2 rows=3 width=4) (actual rows=31 loops=1)\n  Buffers: shared hit=3\n  \
                ->  Index Scan (cost=0.1..2 rows=3 width=4) (actual rows=2 loops=40)\n        Rows Removed by Filter: 5\n";
    assert_eq!(read(plan), 280);
}

#[tokio::test]
async fn a_bounded_query_scans_no_table() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    conn.execute("SET statement_timeout = '15min'").await.unwrap();
    partition::ensure_events(&mut conn, at(0), 1).await.unwrap();
    conn.execute(FILL).await.unwrap();
    let mut namespaces = Namespaces::new();
    namespaces.bind("example", "https://ns.example.com/");
    for parameters in ASKED {
        let given: Vec<(String, Vec<String>)> = parameters
            .iter()
            .map(|(name, values)| ((*name).to_owned(), values.split('|').map(str::to_owned).collect()))
            .collect();
        let query = EventQuery::parse(&given, &namespaces).unwrap();
        for site in SITES {
            let search = Search { query: &query, site, after: None, through_seq: 1_000_000, limit: 31 };
            let mut tx = database.pool().begin().await.unwrap();
            for plan in event::explain(&mut tx, &search).await.unwrap() {
                assert!(!plan.contains("Seq Scan on event"), "{parameters:?} {site:?}\n{plan}");
                assert!(read(&plan) <= READ_MAX, "{parameters:?} {site:?}\n{plan}");
            }
        }
    }
    for site in SITES {
        same_every_way(&database, &[("EQ_bizStep", "receiving")], site).await;
        same_every_way(&database, &[("GE_value_KEL", "500001"), ("LT_value_KEL", "500041")], site).await;
    }
}

/// That a search among a million finds what every way to the events finds.
async fn same_every_way(database: &TestDatabase, parameters: &[(&str, &str)], site: Option<&str>) {
    let given: Vec<(String, Vec<String>)> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
    let query = EventQuery::parse(&given, &Namespaces::new()).unwrap();
    let search = Search { query: &query, site, after: None, through_seq: 1_000_000, limit: 31 };
    let mut tx = database.pool().begin().await.unwrap();
    tx.execute("SET LOCAL statement_timeout = '5min'").await.unwrap();
    let found = event::search(&mut tx, &search).await.unwrap();
    let found: Vec<i64> = found.iter().map(|one| i64::try_from(one.event.seq).unwrap()).collect();
    for (way, expected) in event::each_way(&mut tx, &search).await.unwrap() {
        assert_eq!(found, expected, "{way} {parameters:?} {site:?}");
    }
}
