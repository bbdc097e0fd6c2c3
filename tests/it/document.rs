//! A published DSCSA shipment, unchanged: its packs are past their date, and everything else works.

use anyhow::{Context as _, Result, ensure};
use e2e::organisation::ProductSpec;
use e2e::testdata::testdata;
use e2e::until::until;
use e2e::{Network, OrganisationSpec, Shipment};
use serde_json::json;

use crate::support::{WITHIN, accepted, captured, dispense, verdict};

const SSCC: &str = "urn:epc:id:sscc:030001.41234567890";
const GTIN: &str = "00300010123455";

fn members() -> Vec<OrganisationSpec> {
    let mut members = OrganisationSpec::four();
    members[0].prefixes = vec!["030001".to_owned()];
    members[0].glns = vec!["0300011111116".to_owned(), "0300011111215".to_owned()];
    members[0].products = vec![ProductSpec {
        gtin: GTIN.to_owned(),
        name: "Epcistra".to_owned(),
        form: "PILL".to_owned(),
        strength: "100mg".to_owned(),
    }];
    members[1].prefixes = vec!["039999".to_owned()];
    members[1].glns = vec!["0399999999991".to_owned(), "0399993456780".to_owned()];
    members
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_dscsa_shipment_arrives_and_its_packs_are_expired() -> Result<()> {
    let path = "epcis/1.2/EPCIS/XML/Capture/Documents/GS1_US_Pharma_Example_2_2_1_1.xml";
    let Some(path) = testdata(path) else { return Ok(()) };
    let document = std::fs::read_to_string(path)?;
    let mut network = Network::builder().organisations(members()).start().await?;
    let manufacturer = network.service("manufacturer")?.client()?;
    let distributor = network.service("distributor")?.client()?;
    let pharmacy = network.service("pharmacy")?.client()?;
    for _ in 0..2 {
        // The second time adds nothing: events without an eventID are known by their Event Hash ID.
        let job = accepted(&manufacturer, &document).await?;
        captured(&manufacturer, &job).await?;
    }
    let found = manufacturer.get("/epcis/events?perPage=100").await?.ok()?;
    let events =
        found["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().map_or(0, Vec::len);
    ensure!(events == 8, "eight events, captured once: {events}");

    let received = until("the pallet", WITHIN, || async {
        let open = distributor.get("/v1/deliveries").await?.ok()?;
        if open["deliveries"].as_array().is_none_or(Vec::is_empty) {
            return Ok(None);
        }
        Ok(Some(distributor.post("/v1/deliveries", &json!({ "epc": SSCC })).await?.expect(201)?.json()))
    })
    .await?;
    ensure!(received["objects"] == 16, "a pallet, 3 cases and 12 packs: {received}");

    let expiry = time::Date::from_calendar_date(2025, time::Month::March, 27).context("a date")?;
    let scan = Shipment::element_string(GTIN, expiry, "A123", "11")?;
    verdict(&pharmacy, &scan, "expired").await?;
    dispense(&pharmacy, &scan).await?.expect(409)?;
    network.stop().await
}
