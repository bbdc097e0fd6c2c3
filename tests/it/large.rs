//! One event with a hundred thousand serial numbers is no special case: captured, final, shipped, received.

use anyhow::{Context as _, Result, ensure};
use e2e::bench::data::Generator;
use e2e::bench::processes::resident_peak;
use e2e::organisation::{PRODUCT, check_digit};
use e2e::until::until;
use e2e::{Client, Network};
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;

use crate::rows::Rows;
use crate::support::{accepted_as, anchored, captured_within, verdict};

/// Packs of the one event.
const PACKS: u64 = 100_000;
/// Packs of a case: 100 cases on one pallet.
const PER_CASE: u64 = 1_000;
/// The pallet: extension digit 4, company prefix, serial reference.
const PALLET: &str = "49521000000000017";
/// Two cores do everything of all four nodes.
const WITHIN: Duration = Duration::from_secs(240);
/// What the maker's whole process may take at its busiest moment, its node included: the document twice (as it came,
/// and in the job's row), two pages of rows, and what the node holds of some blocks.
const RESIDENT_MAX: u64 = 768 << 20;

fn case(number: u64) -> String {
    format!("urn:epc:id:sgtin:952100.1012345.CASE{number:03}")
}

fn pallet_urn() -> String {
    format!("urn:epc:id:sscc:952100.4{}", PALLET.get(7..).unwrap_or_default())
}

/// Packs into cases, cases onto the pallet, the pallet to the distributor.
fn consignment(generator: &Generator, at: &str) -> Value {
    let pack = |number| format!("urn:epc:id:sgtin:952100.0012345.{}", generator.serial(number));
    let packed = |parent: String, children: Vec<String>| {
        let place = json!({ "id": "urn:epc:id:sgln:952100.111121.0" });
        json!({
            "type": "AggregationEvent", "eventTime": at, "eventTimeZoneOffset": "+00:00", "action": "ADD",
            "bizStep": "packing", "readPoint": place, "bizLocation": place,
            "parentID": parent, "childEPCs": children,
        })
    };
    let cases = PACKS / PER_CASE;
    let mut events: Vec<Value> = (0..cases)
        .map(|number| packed(case(number), (number * PER_CASE..(number + 1) * PER_CASE).map(pack).collect()))
        .collect();
    events.push(packed(pallet_urn(), (0..cases).map(case).collect()));
    events.push(json!({
        "type": "ObjectEvent", "eventTime": at, "eventTimeZoneOffset": "+00:00", "action": "OBSERVE",
        "bizStep": "shipping", "disposition": "in_transit", "epcList": [pallet_urn()],
        "eventID": "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c0aa",
        "readPoint": { "id": "urn:epc:id:sgln:952100.111121.0" },
        "destinationList": [{ "type": "location", "destination": "urn:epc:id:sgln:952101.345678.0" }],
    }));
    json!({
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": at,
        "epcisBody": { "eventList": events },
    })
}

async fn received(distributor: &Client, sscc: &str) -> Result<Value> {
    until("the pallet's notice", WITHIN, || async {
        let open = distributor.get("/v1/deliveries").await?.ok()?;
        let announced = open["deliveries"].as_array().is_some_and(|list| !list.is_empty());
        Ok(announced.then_some(()))
    })
    .await?;
    distributor.post("/v1/deliveries", &json!({ "epc": sscc })).await?.expect(201)?.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_serials_in_one_event_are_captured_final_shipped_and_received() -> Result<()> {
    let mut network = Network::builder().start().await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let (distributor, pharmacy) =
        (network.service("distributor")?.client()?, network.service("pharmacy")?.client()?);
    let rows = Rows::of(network.service("manufacturer")?).await?;
    let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(e2e::now_ms()) * 1_000_000)?;
    let generator = Generator::new(61, now)?;
    let document = generator.commissioning(0..PACKS, PACKS)?;
    let event = document.event_ids.first().context("one event")?;

    let job = accepted_as(&manufacturer, "application/json", &document.json).await?;
    captured_within(&manufacturer, &job, WITHIN).await?;
    anchored(&manufacturer, event, WITHIN).await?;
    rows.all_final(WITHIN).await?;
    let stored = rows.counted().await?;
    ensure!(stored.events == 1 && stored.custody == PACKS && stored.records == PACKS, "{stored:?}");

    // The same document again adds nothing, here or on the ledger.
    let job = accepted_as(&manufacturer, "application/json", &document.json).await?;
    captured_within(&manufacturer, &job, WITHIN).await?;
    ensure!(rows.counted().await? == stored, "the same again added something: {stored:?}");

    let at = now.format(&time::format_description::well_known::Rfc3339)?;
    let shipment = consignment(&generator, &at).to_string();
    let job = accepted_as(&manufacturer, "application/json", &shipment).await?;
    captured_within(&manufacturer, &job, WITHIN).await?;
    let pid = network.service("manufacturer")?.pid().context("the manufacturer runs")?;
    let received = received(&distributor, &format!("{PALLET}{}", check_digit(PALLET))).await?;
    ensure!(received["objects"] == 1 + PACKS / PER_CASE + PACKS, "everything that was packed: {received}");
    for number in [0, 1, PACKS / 2, PACKS - 1] {
        let serial = generator.serial(number);
        let link = format!("https://id.gs1.org/01/{PRODUCT}/21/{serial}");
        verdict(&pharmacy, &link, "incomplete_label").await?;
    }
    let peak = resident_peak(pid)?;
    println!("the manufacturer's process took at most {} MiB", peak >> 20);
    ensure!(peak < RESIDENT_MAX, "the manufacturer's process took {peak} bytes");
    let alerts = manufacturer.get("/v1/alerts").await?.ok()?;
    ensure!(alerts["alerts"].as_array().is_some_and(Vec::is_empty), "something was anchored twice: {alerts}");
    network.agree(WITHIN).await?;
    network.stop().await
}
