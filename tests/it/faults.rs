//! Faults of processes and databases: nothing accepted is lost or anchored twice, and the rest go on.

use anyhow::{Context as _, Result, ensure};
use e2e::until::until;
use e2e::{Clusters, Network, OrganisationSpec, Shipment};
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use store::embedded::StopMode;

use crate::rows::Rows;
use crate::support::{WITHIN, accepted, all_anchored, anchored, captured, draw, expected, insisted, verdict};

async fn four() -> Result<Network> {
    Network::builder().organisations(OrganisationSpec::four()).start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn any_service_may_be_killed_at_any_moment() -> Result<()> {
    let mut network = four().await?;
    let mut random = rand::rngs::StdRng::seed_from_u64(11);
    let names = ["manufacturer", "distributor", "pharmacy", "regulator"];
    let mut shipments = Vec::new();
    for round in 0..10u64 {
        let manufacturer = network.service("manufacturer")?.client()?;
        let shipment = draw(100 + round)?;
        let job = accepted(&manufacturer, &shipment.xml).await?;
        // Somewhere between acceptance and finality: the moment is drawn as a number of looks at the head.
        for _ in 0..random.gen_range(0..12) {
            manufacturer.get("/v1/ledger/head").await?;
        }
        let victim = names[random.gen_range(0..names.len())];
        network.service(victim)?.kill9().await?;
        network.service(victim)?.restart().await?;
        shipments.push((shipment, job));
    }
    let manufacturer = network.service("manufacturer")?.client()?;
    let pharmacy = network.service("pharmacy")?.client()?;
    for (shipment, job) in &shipments {
        captured(&manufacturer, job).await?;
        all_anchored(&manufacturer, shipment).await?;
    }
    // Who asks about a pack before the own copy has it is told that nobody issued it, and that is an alert.
    network.agree(WITHIN).await?;
    for (shipment, _) in &shipments {
        verdict(&pharmacy, &shipment.scan(&shipment.packs[0])?, "genuine").await?;
    }
    let rows = Rows::of(network.service("manufacturer")?).await?;
    rows.all_final(WITHIN).await?;
    rows.each_event_is_anchored_once().await?;
    let alerts = manufacturer.get("/v1/alerts").await?.ok()?;
    ensure!(alerts["alerts"].as_array().is_some_and(Vec::is_empty), "something was anchored twice: {alerts}");
    network.stop().await
}

/// Without the manufacturer, the distributor receives what was sent to it, and that becomes final.
async fn goes_on_without_the_manufacturer(network: &mut Network, sent: &Shipment) -> Result<()> {
    let distributor = network.service("distributor")?.client()?;
    expected(&distributor, &format!("00/{}", sent.sscc)).await?;
    network.service("manufacturer")?.kill9().await?;
    let received = insisted(&distributor, "/v1/deliveries", &json!({ "epc": sent.sscc })).await?;
    anchored(&distributor, received["event_id"].as_str().unwrap_or_default(), WITHIN).await?;
    network.service("manufacturer")?.restart().await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_any_one_down_the_rest_go_on_and_with_two_down_capture_still_accepts() -> Result<()> {
    let mut network = four().await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let mut made = Vec::new();
    for (seed, victim) in (21..).zip(["regulator", "pharmacy", "distributor"]) {
        network.service(victim)?.kill9().await?;
        let meanwhile = draw(seed)?;
        let job = accepted(&manufacturer, &meanwhile.xml).await?;
        captured(&manufacturer, &job).await?;
        all_anchored(&manufacturer, &meanwhile).await.with_context(|| format!("without the {victim}"))?;
        network.service(victim)?.restart().await?;
        made.push(meanwhile);
    }
    goes_on_without_the_manufacturer(&mut network, &made[0]).await?;
    network.agree(WITHIN).await?;
    let pharmacy = network.service("pharmacy")?.client()?;
    for meanwhile in &made {
        verdict(&pharmacy, &meanwhile.scan(&meanwhile.packs[0])?, "genuine").await?;
    }

    network.service("regulator")?.kill9().await?;
    network.service("distributor")?.kill9().await?;
    let second = draw(29)?;
    let job = accepted(&manufacturer, &second.xml).await?;
    captured(&manufacturer, &job).await?;
    let receipt =
        format!("/v1/receipts/{}", e2e::journey::encoded(&format!("urn:uuid:{}", second.events[0])));
    ensure!(!manufacturer.get(&receipt).await?.status.is_success(), "final with two of four down");

    network.service("distributor")?.restart().await?;
    all_anchored(&manufacturer, &second).await?;
    network.service("regulator")?.restart().await?;
    network.agree(WITHIN).await?;
    network.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_may_go_away_and_come_back() -> Result<()> {
    let mut network = Network::builder()
        .organisations(OrganisationSpec::four())
        .clusters(Clusters::PerOrganisation)
        .start()
        .await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let before = draw(31)?;
    let job = accepted(&manufacturer, &before.xml).await?;
    network.cluster("manufacturer")?.stop(StopMode::Immediate).await?;
    let away = draw(32)?;
    let answer = until("503", WITHIN, || async {
        let answer = manufacturer.post_bytes("/epcis/capture", "application/xml", away.xml.as_str()).await?;
        Ok((answer.status.as_u16() == 503).then_some(answer))
    })
    .await?;
    ensure!(!answer.header("retry-after").is_empty(), "503 says when to come back");
    network.start_cluster("manufacturer").await?;

    captured(&manufacturer, &job).await?;
    all_anchored(&manufacturer, &before).await?;
    let job = accepted(&manufacturer, &away.xml).await?;
    captured(&manufacturer, &job).await?;
    all_anchored(&manufacturer, &away).await?;
    network.agree(WITHIN).await?;
    network.stop().await
}
