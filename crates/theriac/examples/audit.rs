//! How long an audit takes: `cargo run --release -p theriac --example audit -- EVENTS`, with `DATABASE_URL` naming a server
//! where databases may be made. Fills a database with events that commission two packs each, a thousand a batch,
//! a batch a block, and audits it. With a second argument the genesis is written to that file and the database named, so
//! that `theriac audit` itself can be measured beside it.

#![expect(clippy::unwrap_used, reason = "what is absent ends the measurement")]

#[path = "../tests/it/filled.rs"]
mod filled;

use std::time::Instant;

use filled::{Filled, event};
use ledger::testkit::{LOT, commission, genesis, pack};
use theriac::Audit;

const PER_BATCH: u64 = 1_000;

fn main() {
    let events: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let filled = runtime.block_on(fill(events));
    println!("filled in {:.1} s", begun.elapsed().as_secs_f64());
    let genesis = genesis();
    if let Some(file) = std::env::args().nth(2) {
        std::fs::write(file, serde_json::to_vec(&genesis).unwrap()).unwrap();
        println!("database {}", filled.database.url());
    }
    let begun = Instant::now();
    let before = memory("VmHWM");
    let audit = Audit {
        genesis: &genesis,
        database: filled.database.url(),
        organisation: None,
        padding_secret: Some(filled::PADDING),
        json: false,
        findings_max: 100,
        is_terminal: false,
    };
    let summary = audit.run(&mut std::io::stdout(), &mut std::io::stderr()).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    println!("{}", summary.lines().join("\n"));
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = events as f64 / seconds;
    println!(
        "{events} events audited in {seconds:.1} s, {rate:.0}/s; memory at most {} MB, {before} MB of it after filling",
        memory("VmHWM")
    );
}

async fn fill(events: u64) -> Filled {
    let mut filled = Filled::new().await;
    let mut number = 0;
    let mut batches = 0u64;
    while number < events {
        let mut page = Vec::new();
        while number < events && page.len() < PER_BATCH as usize {
            number += 1;
            let serials = [format!("A{number}"), format!("B{number}")];
            let rest = format!(
                r#""action":"ADD","bizStep":"commissioning","disposition":"active","readPoint":{{"id":"urn:epc:id:sgln:9521321.00001.0"}},"bizLocation":{{"id":"urn:epc:id:sgln:9521321.00001.0"}},"epcList":["urn:epc:id:sgtin:952156825.0120.{}","urn:epc:id:sgtin:952156825.0120.{}"],"ilmd":{{"cbvmda:lotNumber":"A123"}}"#,
                serials[0], serials[1]
            );
            let updates =
                serials.iter().map(|serial| commission(&filled.network, &pack(serial), LOT)).collect();
            page.push((event("ObjectEvent", number, &rest), vec![updates]));
        }
        filled.capture(&page).await;
        let batch = filled.batch(PER_BATCH as u32).await;
        filled.decide(vec![batch]).await;
        batches += 1;
    }
    println!("{events} events in {batches} batches and blocks");
    filled
}

/// A figure of this process in MB, as Linux tells it.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default()
        / 1_024
}
