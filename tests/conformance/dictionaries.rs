//! What there is in a network, for requests that get past the first check: one list of texts a kind.

use anyhow::{Context as _, Result};
use e2e::organisation::OrganisationSpec;
use e2e::until::until;
use e2e::{Client, Network, Service, Shipment};
use rand::SeedableRng as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;

/// No condition is waited for longer.
const WITHIN: Duration = Duration::from_secs(120);

/// Identifiers of one kind that a service is asked for.
const OF_EACH_MAX: usize = 8;

/// Captures a shipment that nobody has touched, and waits until it is final.
pub async fn fresh_shipment(network: &Network) -> Result<Shipment> {
    let mut random = rand::rngs::StdRng::seed_from_u64(11);
    let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(e2e::now_ms()) * 1_000_000)?;
    let shipment = Shipment::draw(&mut random, now)?;
    let manufacturer = network.services().first().context("a network has services")?.client()?;
    manufacturer.post_bytes("/epcis/capture", "application/xml", shipment.xml.as_str()).await?.expect(202)?;
    for event in &shipment.events {
        let receipt = format!("/v1/receipts/urn%3Auuid%3A{event}");
        until("the shipment's receipts", WITHIN, || async {
            Ok(manufacturer.get(&receipt).await?.status.is_success().then_some(()))
        })
        .await?;
    }
    Ok(shipment)
}

/// Texts by the name of their dictionary in `schemathesis.toml`.
pub struct Dictionaries(BTreeMap<&'static str, Vec<String>>);

impl Dictionaries {
    /// Of the shipment, and of what a service lists.
    pub async fn of(service: &Service, shipment: &Shipment) -> Result<Self> {
        let client = service.client()?;
        let scans: Result<Vec<_>> = shipment.packs.iter().map(|serial| shipment.scan(serial)).collect();
        let sgtin = |serial: &String| format!("https://id.gs1.org/01/{}/21/{serial}", shipment.gtin);
        let glns = OrganisationSpec::four().into_iter().flat_map(|spec| spec.glns);
        let lists = BTreeMap::from([
            ("cursor", cursors(&client, &shipment.gtin).await?),
            ("epc", shipment.packs.iter().map(sgtin).chain([shipment.sscc.clone()]).collect()),
            ("event", events(&client).await?),
            (
                "expiry",
                vec![shipment.expiry.format(format_description!("[year repr:last_two][month][day]"))?],
            ),
            ("gln", glns.collect()),
            ("gtin", vec![shipment.gtin.clone()]),
            ("id", ids(&client).await?),
            ("lot", vec![shipment.lot.clone()]),
            ("scan", scans?),
            ("serial", shipment.packs.clone()),
        ]);
        Ok(Self(lists))
    }

    /// Writes each as `<name>.dict`, a quoted text a line.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (name, texts) in &self.0 {
            let mut file = String::new();
            for text in texts {
                writeln!(file, "\"{}\"", quoted(text))?;
            }
            std::fs::write(folder.join(name).with_extension("dict"), file)?;
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, character| {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => out.push(other),
        }
        out
    })
}

/// What a service answers; nothing where it has no such list.
async fn listed(client: &Client, path: &str) -> Result<Value> {
    let answer = client.get(path).await?;
    Ok(if answer.status.is_success() { answer.json() } else { Value::Null })
}

/// Texts of one name in the things of a list.
fn texts<'a>(list: &'a Value, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let things = list.as_array().into_iter().flatten();
    things.filter_map(move |thing| thing[name].as_str().map(str::to_owned)).take(OF_EACH_MAX)
}

/// Something that looks like one and is none, so that no dictionary is empty.
const NO_ID: &str = "019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001";

async fn ids(client: &Client) -> Result<Vec<String>> {
    let mut ids = vec![NO_ID.to_owned()];
    ids.extend(texts(&listed(client, "/v1/alerts").await?["alerts"], "id"));
    for path in ["/v1/products/requests", "/v1/recalls/requests"] {
        ids.extend(texts(&listed(client, path).await?["requests"], "id"));
    }
    ids.extend(texts(&listed(client, "/epcis/capture").await?, "captureID"));
    Ok(ids)
}

async fn events(client: &Client) -> Result<Vec<String>> {
    let found = listed(client, "/epcis/events").await?;
    let events = &found["epcisBody"]["queryResults"]["resultsBody"]["eventList"];
    Ok(texts(events, "eventID").chain([format!("urn:uuid:{NO_ID}")]).collect())
}

async fn cursors(client: &Client, gtin: &str) -> Result<Vec<String>> {
    // The place `[0,""]` of no list.
    let mut cursors = vec!["5b302c22225d".to_owned()];
    let lots = format!("/v1/lots?gtin={gtin}&limit=1");
    for path in
        ["/v1/alerts?limit=1", "/v1/shipments?limit=1", "/v1/products?limit=1", &lots, "/v1/lookups?limit=1"]
    {
        cursors.extend(listed(client, path).await?["next_cursor"].as_str().map(str::to_owned));
    }
    Ok(cursors)
}
