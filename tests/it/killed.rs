//! `kill -9` in the middle of a capture: nothing is lost, nothing is there twice.

use anyhow::{Result, ensure};
use e2e::bench::data::Generator;
use e2e::until::until;
use e2e::{Client, Network};
use rand::{Rng as _, SeedableRng as _};
use reqwest::Method;
use std::time::Duration;
use time::OffsetDateTime;

use crate::rows::Rows;
use crate::support::captured_within;

/// Packs of an event, and events of the document: more than ten pages.
const PER_EVENT: u64 = 20;
const EVENTS: u64 = 6_000;
const PACKS: u64 = PER_EVENT * EVENTS;
const WITHIN: Duration = Duration::from_secs(240);

async fn post(client: &Client, behaviour: &str, document: &str) -> Result<String> {
    let request = client.request(Method::POST, "/epcis/capture").header("content-type", "application/json");
    let request = request.header("gs1-capture-error-behaviour", behaviour).body(document.to_owned());
    let answer = client.send(request).await?.expect(202)?;
    let location = answer.header("location");
    Ok(location.strip_prefix(client.base()).unwrap_or(location).to_owned())
}

/// Kills the manufacturer three times while it works on the document, and looks at what is there in the end.
async fn killed_thrice(behaviour: &str, seed: u64) -> Result<()> {
    let mut network = Network::builder().start().await?;
    let rows = Rows::of(network.service("manufacturer")?).await?;
    let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(e2e::now_ms()) * 1_000_000)?;
    let document = Generator::new(seed, now)?.commissioning(0..PACKS, PER_EVENT)?;
    let client = network.service("manufacturer")?.client()?;
    let job = post(&client, behaviour, &document.json).await?;
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut reached = 0;
    for _ in 0..3 {
        // With `proceed` after some more pages are stored; with `rollback` somewhere within its one transaction.
        let (from, looks) = (reached, random.gen_range(1..40_u32));
        let mut looked = 0;
        reached = until("the job to go on", WITHIN, || {
            looked += 1;
            let enough = looked > looks;
            let rows = &rows;
            async move {
                let place = rows.place_of_job().await?;
                let place = place.ok_or_else(|| anyhow::anyhow!("the job ended before it was killed"))?;
                let further = behaviour == "rollback" || place > from;
                Ok((further && enough).then_some(place))
            }
        })
        .await?;
        network.service("manufacturer")?.kill9().await?;
        network.service("manufacturer")?.restart().await?;
    }
    ensure!(behaviour == "rollback" || reached > 0, "no page was stored before the last kill");
    let client = network.service("manufacturer")?.client()?;
    captured_within(&client, &job, WITHIN).await?;
    let job = client.get(&job).await?.ok()?;
    ensure!(job["errors"].as_array().is_some_and(Vec::is_empty), "{job}");
    rows.all_final(WITHIN).await?;
    let stored = rows.counted().await?;
    ensure!((stored.events, stored.identities, stored.identifiers) == (EVENTS, EVENTS, PACKS), "{stored:?}");
    ensure!((stored.custody, stored.records) == (PACKS, PACKS), "{stored:?}");
    rows.each_event_is_anchored_once().await?;
    let alerts = client.get("/v1/alerts").await?.ok()?;
    ensure!(alerts["alerts"].as_array().is_some_and(Vec::is_empty), "something was anchored twice: {alerts}");

    // And the same document once more adds nothing, whatever the behaviour.
    let again = post(&client, "proceed", &document.json).await?;
    captured_within(&client, &again, WITHIN).await?;
    ensure!(rows.counted().await? == stored, "the same again added something");
    network.agree(WITHIN).await?;
    network.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_proceeds_goes_on_where_its_last_page_ended() -> Result<()> {
    killed_thrice("proceed", 71).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_rolls_back_starts_again_from_nothing() -> Result<()> {
    killed_thrice("rollback", 72).await
}
