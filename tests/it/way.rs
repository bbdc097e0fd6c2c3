//! `kill -9` while goods are on their way: each step is done once, however often its answer was lost.

use anyhow::{Context as _, Result, ensure};
use e2e::Network;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::rows::Rows;
use crate::support::{WITHIN, accepted, captured, dispense, draw, expected, insisted};

const NAMES: [&str; 4] = ["manufacturer", "distributor", "pharmacy", "regulator"];
const ROUNDS: u64 = 3;

/// Lets an organisation do a step, and kills a service meanwhile: that one as often as any.
async fn killed_during(
    network: &mut Network,
    random: &mut StdRng,
    actor: &str,
    path: &str,
    body: &Value,
) -> Result<Value> {
    let client = network.service(actor)?.client()?;
    let victim = if random.gen_bool(0.5) { actor } else { NAMES[random.gen_range(0..NAMES.len())] };
    // The moment is drawn as a number of looks at the head.
    let looks = random.gen_range(0..6);
    let kill = async {
        for _ in 0..looks {
            client.get("/v1/ledger/head").await?;
        }
        network.service(victim)?.kill9().await?;
        network.service(victim)?.restart().await
    };
    let (done, killed) = tokio::join!(insisted(&client, path, body), kill);
    killed?;
    done.with_context(|| format!("{path} by {actor}, {victim} killed after {looks} looks"))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_service_may_be_killed_while_goods_are_received_shipped_and_dispensed() -> Result<()> {
    let mut network = Network::builder().start().await?;
    let mut random = StdRng::seed_from_u64(81);
    let site = network.service("pharmacy")?.spec.site().to_owned();
    let mut dispensed = Vec::new();
    for round in 0..ROUNDS {
        let shipment = draw(800 + round)?;
        let manufacturer = network.service("manufacturer")?.client()?;
        let job = accepted(&manufacturer, &shipment.xml).await?;
        captured(&manufacturer, &job).await?;

        expected(&network.service("distributor")?.client()?, &format!("00/{}", shipment.sscc)).await?;
        let body = json!({ "epc": shipment.sscc });
        let received =
            killed_during(&mut network, &mut random, "distributor", "/v1/deliveries", &body).await?;
        ensure!(received["objects"] == 16, "a pallet, 3 cases and 12 packs: {received}");

        let case = format!("01/{}/21/{}", shipment.case_gtin(), shipment.cases[0]);
        let item = format!("https://id.gs1.org/{case}");
        let body = json!({ "items": [item], "to": site, "unpack_from": shipment.sscc });
        killed_during(&mut network, &mut random, "distributor", "/v1/shipments", &body).await?;

        expected(&network.service("pharmacy")?.client()?, &case).await?;
        let body = json!({ "epc": item });
        let received = killed_during(&mut network, &mut random, "pharmacy", "/v1/deliveries", &body).await?;
        ensure!(received["objects"] == 5, "a case and 4 packs: {received}");

        let scan = shipment.scan(&shipment.packs_of(0)[0])?;
        let body = json!({ "scan": scan });
        let changed =
            killed_during(&mut network, &mut random, "pharmacy", "/v1/packs/dispense", &body).await?;
        ensure!(changed["state"] == "supplied", "{changed}");
        dispensed.push(scan);
    }
    network.agree(WITHIN).await?;
    for name in ["manufacturer", "distributor", "pharmacy"] {
        let rows = Rows::of(network.service(name)?).await?;
        rows.all_final(WITHIN).await?;
        rows.each_event_is_anchored_once().await.context(name)?;
        let alerts = network.service(name)?.client()?.get("/v1/alerts").await?.ok()?;
        ensure!(alerts["alerts"].as_array().is_some_and(Vec::is_empty), "{name}: {alerts}");
    }
    for scan in &dispensed {
        dispense(&network.service("pharmacy")?.client()?, scan).await?.expect(409)?;
    }
    network.stop().await
}
