//! `theriac audit`: a database that nobody touched agrees, and every touch is found and named.

use ledger::commitment::{Disclosure, Salt, commit};
use ledger::testkit::{
    DISTRIBUTOR, LOT, MAKER, OTHER_LOT, PHARMACY, change, commission, genesis, pack, recall,
};
use ledger::{Canonical, Height};
use lifecycle::Transition;
use serde_json::Value;
use store::testing::tamper::{self, Column};
use theriac::Audit;
use theriac::audit::summary::NOT_CHECKED;
use tokio::runtime::Runtime;

use crate::filled::{Filled, PADDING, event};

/// A database, and what it needs to be asked.
struct Desk {
    runtime: Runtime,
    filled: Filled,
}

/// What an audit said.
#[derive(Debug)]
struct Said {
    findings: Vec<Value>,
    summary: Value,
}

impl Said {
    fn names(&self, table: &str) -> bool {
        self.findings.iter().any(|finding| finding["table"] == table)
    }

    fn has(&self, table: &str, row: &str, what: &str) -> bool {
        let same =
            |finding: &&Value| finding["table"] == table && finding["row"] == row && finding["what"] == what;
        self.findings.iter().any(|finding| same(&finding))
    }
}

impl Desk {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let filled = runtime.block_on(story());
        Desk { runtime, filled }
    }

    fn audit(&self) -> Said {
        self.audit_with(None)
    }

    fn audit_with(&self, padding_secret: Option<[u8; 32]>) -> Said {
        let (genesis, mut out) = (genesis(), Vec::new());
        let audit = Audit {
            genesis: &genesis,
            database: self.filled.database.url(),
            organisation: Some(MAKER.0),
            padding_secret,
            json: true,
            findings_max: 1_000,
            is_terminal: false,
        };
        let summary = audit.run(&mut out, &mut std::io::sink()).unwrap();
        let lines = std::str::from_utf8(&out).unwrap().lines();
        let findings = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        Said { findings, summary: serde_json::to_value(&summary).unwrap() }
    }

    fn columns(&self) -> Vec<Column> {
        self.runtime.block_on(tamper::columns(self.filled.pool())).unwrap()
    }

    /// Tampers, audits, and brings the table back.
    fn tampered<F: Future<Output = Result<(), store::Error>>>(&self, table: &str, work: F) -> Said {
        self.runtime.block_on(work).unwrap();
        let said = self.audit();
        self.runtime.block_on(tamper::restore(self.filled.pool(), table)).unwrap();
        said
    }

    fn count(&self, table: &str) -> i64 {
        self.runtime.block_on(tamper::count(self.filled.pool(), table)).unwrap()
    }
}

const COMMISSIONED: &str = r#""action":"ADD","bizStep":"commissioning","disposition":"active","readPoint":{"id":"urn:epc:id:sgln:9521321.00001.0"},"bizLocation":{"id":"urn:epc:id:sgln:9521321.00001.0"},"epcList":["urn:epc:id:sgtin:952156825.0120.S1","urn:epc:id:sgtin:952156825.0120.S2"],"ilmd":{"cbvmda:lotNumber":"A123"}"#;
const PACKED: &str = r#""action":"ADD","bizStep":"packing","parentID":"urn:epc:id:sscc:9521321.0000000001","childEPCs":["urn:epc:id:sgtin:952156825.0120.S1"]"#;
const COUNTED: &str = r#""action":"OBSERVE","bizStep":"storing","quantityList":[{"epcClass":"urn:epc:class:lgtin:952156825.0120.A123","quantity":12.50,"uom":"KGM"}]"#;

/// Six blocks: packs commissioned by events of one row and of two, one twice; a dispense and its undo by the pharmacy; a
/// recall; then a batch that no block holds, and an event that no batch holds. And a partner's event.
async fn story() -> Filled {
    let mut filled = Filled::new().await;
    let network = &filled.network;
    let new = |serial, lot| commission(network, &pack(serial), lot);
    let events = [
        (event("ObjectEvent", 1, COMMISSIONED), vec![vec![new("S1", LOT)], vec![new("S2", LOT)]]),
        (event("AggregationEvent", 2, PACKED), vec![vec![]]),
        (event("ObjectEvent", 3, COUNTED), vec![vec![new("S3", OTHER_LOT)]]),
    ];
    filled.capture(&events).await;
    let fields: Vec<(String, String)> = [
        ("type", "ObjectEvent"),
        ("eventID", "urn:uuid:partner"),
        ("epcList/0", "https://id.gs1.org/01/09521568251204/21/S9"),
        ("epcList/1", "https://id.gs1.org/01/09521568251204/21/S8"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let first = filled.batch(1).await;
    let theirs =
        filled.network.batch(DISTRIBUTOR, &[commit(&Salt([3; 32]), &fields)], Vec::new(), Vec::new());
    filled.decide(vec![first, theirs]).await;
    let second = filled.batch(10).await;
    let dispensed = change(&filled.network, &pack("S1"), Transition::Dispense, 0, PHARMACY);
    let sold = filled.network.batch(PHARMACY, &[], Vec::new(), vec![dispensed]);
    filled.decide(vec![sold, second]).await;
    let again = commission(&filled.network, &pack("S1"), LOT);
    filled.capture(&[(event("ObjectEvent", 4, PACKED_AGAIN), vec![vec![again]])]).await;
    let third = filled.batch(10).await;
    let undone = change(&filled.network, &pack("S1"), Transition::Undo, 1, PHARMACY);
    let undone = filled.network.batch(PHARMACY, &[], Vec::new(), vec![undone]);
    filled.decide(vec![third, undone]).await;
    filled.ask(&recall(Some(LOT))).await;
    let fourth = filled.batch(10).await;
    filled.decide(vec![fourth]).await;
    filled.decide(Vec::new()).await;
    filled.decide(Vec::new()).await;
    let late = commission(&filled.network, &pack("S5"), OTHER_LOT);
    filled.capture(&[(event("ObjectEvent", 5, COUNTED), vec![vec![late]])]).await;
    filled.batch(10).await;
    filled.capture(&[(event("ObjectEvent", 6, COUNTED), vec![vec![]])]).await;

    let shown = Disclosure::of(&Salt([3; 32]), &fields, &[0, 1, 2].into());
    let receipt = filled.network.event_receipt(Height(1), 1, 0).to_bytes();
    filled.learn(DISTRIBUTOR, "urn:uuid:partner", &shown, receipt).await;
    filled
}

const PACKED_AGAIN: &str =
    r#""action":"OBSERVE","bizStep":"inspecting","epcList":["urn:epc:id:sgtin:952156825.0120.S1"]"#;

#[test]
fn a_database_that_nobody_touched_agrees() {
    let desk = Desk::new();
    let said = desk.audit();
    assert_eq!(said.findings, Vec::<Value>::new());
    assert_eq!(said.summary["agrees"], true, "{}", said.summary);
    assert_eq!(said.summary["height"], 6);
    assert_eq!(said.summary["events"], 6);
    for table in
        ["block", "block_batch", "status_record", "status_history", "update_refusal", "known_event_epc"]
    {
        assert_eq!(
            said.summary["rows"][table].as_i64(),
            Some(desk.count(table)),
            "{table}: {}",
            said.summary
        );
    }
    assert_eq!(desk.audit_with(Some(PADDING)).findings, Vec::<Value>::new());
    assert_eq!(desk.audit_with(Some(PADDING)).summary["leaves_open"], 0);
}

/// Columns of covered tables that are not covered, and why. (What the command says of them is in its summary.)
const OPEN: &[(&str, &str, &str)] = &[
    ("event", "capture_id", "not anchored"),
    ("outbox", "id", "only an order"),
    ("outbox", "updates", "of a row that waits nothing is signed; of the other it is found"),
    ("known_event", "seq", "only an order; identifiers refer to it, which is found"),
    ("known_event", "received_at", "known here alone"),
];

fn is_covered(table: &str) -> bool {
    !NOT_CHECKED.iter().any(|one| one.table == table && one.columns.is_empty())
}

#[test]
fn every_altered_column_of_every_covered_table_is_found_and_its_table_named() {
    let desk = Desk::new();
    desk.runtime.block_on(tamper::loosen(desk.filled.pool())).unwrap();
    let mut unfound = Vec::new();
    let mut altered = 0;
    for column in desk.columns().into_iter().filter(|column| is_covered(&column.table)) {
        let open = OPEN.iter().any(|(table, name, _)| *table == column.table && *name == column.name);
        let rows = desk.count(&column.table);
        assert!(rows > 0, "the story has no row of {}", column.table);
        for nth in [0, rows - 1] {
            let said = desk.tampered(&column.table, tamper::alter(desk.filled.pool(), &column, nth));
            altered += 1;
            if !said.names(&column.table) && !open {
                unfound.push(format!("{}.{} row {nth}: {:?}", column.table, column.name, said.findings));
            }
        }
    }
    assert!(unfound.is_empty(), "{} of {altered} not found:\n{}", unfound.len(), unfound.join("\n"));
    assert_eq!(desk.audit().findings, Vec::<Value>::new(), "the tables are as they were");
}

#[test]
fn every_deleted_row_of_every_covered_table_is_found() {
    let desk = Desk::new();
    desk.runtime.block_on(tamper::loosen(desk.filled.pool())).unwrap();
    let mut unfound = Vec::new();
    for table in tables(&desk) {
        for nth in 0..desk.count(&table) {
            let said = desk.tampered(&table, tamper::delete(desk.filled.pool(), &table, nth));
            if !said.names(&table) {
                unfound.push(format!("{table} row {nth}: {:?}", said.findings));
            }
        }
    }
    assert!(unfound.is_empty(), "not found:\n{}", unfound.join("\n"));
}

/// The columns that make a copy another row.
const KEYS: &[(&str, &[&str])] = &[
    ("batch", &["sequence"]),
    ("batch_leaves", &["sequence"]),
    ("block", &["height"]),
    ("block_batch", &["position"]),
    ("directory_entry", &["key"]),
    ("event", &["seq"]),
    ("event_anchor", &["event_seq"]),
    ("event_epc", &["epc"]),
    ("event_identity", &["event_id"]),
    ("event_measure", &["name"]),
    ("event_search", &["event_seq"]),
    ("known_event", &["seq", "event_id"]),
    ("known_event_epc", &["epc"]),
    ("node_state", &["id"]),
    ("outbox", &["id"]),
    ("status_history", &["version"]),
    ("status_record", &["record_key"]),
    ("update_refusal", &["record_key"]),
];

#[test]
fn every_added_row_of_every_covered_table_is_found() {
    let desk = Desk::new();
    desk.runtime.block_on(tamper::loosen(desk.filled.pool())).unwrap();
    let columns = desk.columns();
    let mut unfound = Vec::new();
    for table in tables(&desk) {
        let key = KEYS.iter().find(|(name, _)| *name == table).map(|(_, key)| *key);
        let key = key.unwrap_or_else(|| panic!("{table} has no key in this test"));
        let own: Vec<Column> = columns.iter().filter(|column| column.table == table).cloned().collect();
        for nth in [0, desk.count(&table) - 1] {
            let said = desk.tampered(&table, tamper::copy(desk.filled.pool(), &own, key, nth));
            if !said.names(&table) {
                unfound.push(format!("{table} row {nth}: {:?}", said.findings));
            }
        }
    }
    assert!(unfound.is_empty(), "not found:\n{}", unfound.join("\n"));
}

fn tables(desk: &Desk) -> Vec<String> {
    let mut tables: Vec<String> = desk.columns().into_iter().map(|column| column.table).collect();
    tables.dedup();
    tables.retain(|table| is_covered(table));
    tables
}

#[test]
fn the_list_of_what_is_not_covered_names_tables_and_columns_that_are_there() {
    let desk = Desk::new();
    let columns = desk.columns();
    for one in NOT_CHECKED {
        assert!(columns.iter().any(|column| column.table == one.table), "there is no table {}", one.table);
        for name in one.columns {
            let there = columns.iter().any(|column| column.table == one.table && column.name == *name);
            assert!(there, "there is no column {}.{name}", one.table);
        }
    }
}

#[test]
fn findings_name_the_row() {
    let desk = Desk::new();
    let pool = desk.filled.pool();
    desk.runtime.block_on(tamper::loosen(pool)).unwrap();
    let column = |table: &str, name: &str| {
        desk.columns().into_iter().find(|column| column.table == table && column.name == name).unwrap()
    };
    let said = desk.tampered("event", tamper::alter(pool, &column("event", "salt"), 0));
    assert!(said.has("event", "event 1", "altered"), "{said:?}");
    assert_eq!(said.findings.len(), 1, "one alteration, one finding: {said:?}");
    let said = desk.tampered("block_batch", tamper::delete(pool, "block_batch", 0));
    assert!(said.has("block_batch", "height 1, position 0", "missing"), "{said:?}");
    assert_eq!(said.summary["stopped_at"], 1);
    let said = desk.tampered("block", tamper::delete(pool, "block", 5));
    assert!(said.has("block", "height 6", "missing"), "{said:?}");
    let said = desk.tampered("event", tamper::delete(pool, "event", 1));
    assert!(said.has("event", "event 2", "missing") && said.findings.len() == 1, "{said:?}");
    let (record, key) = (column("status_record", "record"), pack("S1").record_key(MAKER));
    let named = (0..3).any(|nth| {
        let said = desk.tampered("status_record", tamper::alter(pool, &record, nth));
        said.has("status_record", &format!("record {key}"), "altered") && said.findings.len() == 1
    });
    assert!(named, "the record of S1 is named by its key");
}

#[test]
fn the_command_answers_by_its_exit_code_and_never_prints_the_password() {
    let desk = Desk::new();
    let files = crate::kit::Desk::new();
    let url = desk.filled.database.url();
    let green = files.run(&["audit", "--genesis", "genesis.json", "--database", url]);
    assert_eq!(green.code, 0, "{green:?}");
    green.says("all rows agree with the ledger", "");
    green.says("as of: block 6", "6 events");
    green.says("whose: organisation 1", "");

    let pool = desk.filled.pool();
    desk.runtime.block_on(tamper::loosen(pool)).unwrap();
    desk.runtime.block_on(tamper::delete(pool, "status_record", 0)).unwrap();
    desk.runtime.block_on(tamper::delete(pool, "status_record", 0)).unwrap();
    let red = files.run(&["audit", "--genesis", "genesis.json", "--database", url, "--findings", "1"]);
    assert_eq!(red.code, 1, "{red:?}");
    red.says("status_record, record ", ": missing: the ledger has it as");
    red.says("and 1 more findings", "");

    let away = "postgres://auditor:secret@127.0.0.1:1/theriac";
    let none = files.run(&["audit", "--genesis", "genesis.json", "--database", away]);
    assert_eq!((none.code, none.out.as_str()), (2, ""), "{none:?}");
    assert!(!none.err.contains("secret") && none.err.starts_with("theriac: "), "{none:?}");
}
