//! Goods that arrive before their notice: held, not lost and not guessed.

use anyhow::{Context as _, Result, ensure};
use e2e::until::until;
use e2e::{Client, Network};
use serde_json::{Value, json};

use crate::support::{WITHIN, accepted, captured, draw, verdict};

/// A unit as the distributor's books have it, with what is directly in it.
async fn stock(distributor: &Client, parent: &str) -> Result<Value> {
    let path = format!("/v1/stock?parent={}", e2e::journey::encoded(parent));
    distributor.get(&path).await?.ok()
}

async fn open(distributor: &Client) -> Result<Vec<Value>> {
    let open = distributor.get("/v1/deliveries").await?.ok()?;
    open["deliveries"].as_array().cloned().context("no list of deliveries")
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_that_arrive_before_their_notice_wait_for_it_where_they_are() -> Result<()> {
    let mut network = Network::builder().start().await?;
    let shipment = draw(51)?;
    let pallet = format!("00/{}", shipment.sscc);
    // Goods are received at the head office, though they were sent to the warehouse.
    let office = network.service("distributor")?.spec.party().to_owned();
    let arguments = ["keys", "create-client", "--name", "office", "--permissions", "receive,ship", "--site"];
    let key = network.service("distributor")?.run(&[&arguments[..], &[office.as_str()]].concat()).await?;
    let distributor = Client::new(&network.service("distributor")?.base_url(), Some(key.trim()))?;

    // Nothing becomes final with two of four down, so there is no notice; then the consignor is away as well.
    network.service("regulator")?.kill9().await?;
    network.service("pharmacy")?.kill9().await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let job = accepted(&manufacturer, &shipment.xml).await?;
    captured(&manufacturer, &job).await?;
    network.service("manufacturer")?.kill9().await?;

    let body = json!({ "epc": shipment.sscc });
    let held = distributor.post("/v1/deliveries", &body).await?.expect(202)?.json();
    ensure!((held["state"] == "awaiting_data", held["objects"] == 0) == (true, true), "{held}");
    ensure!(held["site"] == office.as_str(), "{held}");
    let again = distributor.post("/v1/deliveries", &body).await?.expect(409)?.json();
    ensure!(again["errors"][0]["code"] == "already_received", "{again}");

    // A case that fell off the pallet is scanned by itself.
    let case = format!("01/{}/21/{}", shipment.case_gtin(), shipment.cases[0]);
    let fallen = json!({ "epc": format!("https://id.gs1.org/{case}") });
    let held = distributor.post("/v1/deliveries", &fallen).await?.expect(202)?.json();
    ensure!(held["state"] == "awaiting_data", "{held}");

    // It survives whatever happens to the consignee, and nobody makes anything up meanwhile.
    network.service("distributor")?.kill9().await?;
    network.service("distributor")?.restart().await?;
    let waiting = open(&distributor).await?;
    let unknown = |open: &Value| open["state"] == "awaiting_data" && open["consignor"].is_null();
    ensure!(waiting.len() == 2 && waiting.iter().all(unknown), "{waiting:?}");
    let unit = stock(&distributor, &pallet).await?;
    ensure!(unit["unit"]["state"] == "awaiting_data", "{unit}");
    ensure!(unit["content"].as_array().is_some_and(Vec::is_empty), "{unit}");
    let onward = json!({ "items": [format!("https://id.gs1.org/{pallet}")], "to": "9521020000012" });
    distributor.post("/v1/shipments", &onward).await?.expect(409)?;

    for name in ["manufacturer", "pharmacy", "regulator"] {
        network.service(name)?.restart().await?;
    }
    until("the notice", WITHIN, || async { Ok(open(&distributor).await?.is_empty().then_some(())) }).await?;
    let unit = stock(&distributor, &pallet).await?;
    ensure!(unit["unit"]["state"] == "in_stock", "{unit}");
    ensure!(unit["unit"]["site"] == office.as_str(), "the goods are where they arrived: {unit}");
    let mut cases: Vec<String> = unit["content"]
        .as_array()
        .context("the pallet's content")?
        .iter()
        .filter_map(|case| case["epc"].as_str().map(str::to_owned))
        .collect();
    ensure!(cases.len() == 2 && !cases.contains(&case), "what came by itself is not on the pallet: {unit}");
    cases.push(case);
    for case in &cases {
        let case = stock(&distributor, case).await?;
        let here = |unit: &Value| unit["state"] == "in_stock" && unit["site"] == office.as_str();
        let packs = case["content"].as_array().context("a case's content")?;
        ensure!(packs.len() == 4 && packs.iter().all(here) && here(&case["unit"]), "{case}");
    }
    distributor.post("/v1/deliveries", &body).await?.expect(409)?;
    let pharmacy = network.service("pharmacy")?.client()?;
    verdict(&pharmacy, &shipment.scan(&shipment.packs[0])?, "genuine").await?;
    network.agree(WITHIN).await?;
    network.stop().await
}
