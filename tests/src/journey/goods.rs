//! The goods' way: captured, announced, received, shipped on.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::{Done, Journey, WITHIN, text};
use crate::Client;
use crate::until::until;

impl Journey {
    pub(super) async fn capture(&self) -> Result<Done> {
        self.captured().await?;
        let shipment = &self.shipment;
        Ok((format!("captured {} packs in 3 cases on pallet {}", shipment.packs.len(), shipment.sscc), None))
    }

    async fn captured(&self) -> Result<()> {
        let client = &self.manufacturer;
        let answer =
            client.post_bytes("/epcis/capture", "application/xml", self.shipment.xml.clone()).await?;
        let job = answer.expect(202)?.header("location").to_owned();
        let job = job.strip_prefix(client.base()).unwrap_or(&job).to_owned();
        let done = until("the capture job", WITHIN, || async {
            let job = client.get(&job).await?.ok()?;
            Ok((job["running"] == false).then_some(job))
        })
        .await?;
        ensure!(done["success"] == true, "the capture failed: {done}");
        Ok(())
    }

    fn event(&self, index: usize) -> Result<String> {
        let id = self.shipment.events.get(index).context("the shipment has eight events")?;
        Ok(format!("urn:uuid:{id}"))
    }

    pub(super) async fn anchor(&self) -> Result<Done> {
        let mut block = 0;
        for index in 0..self.shipment.events.len() {
            block = self.final_block(&self.manufacturer, &self.event(index)?).await?;
        }
        Ok((format!("all {} events final", self.shipment.events.len()), Some(block)))
    }

    pub(super) async fn capture_again(&self) -> Result<Done> {
        self.captured().await?;
        let path = format!("/epcis/events?EQ_eventID={}", super::encoded(&self.event(0)?));
        let found = self.manufacturer.get(&path).await?.ok()?;
        let events =
            found["epcisBody"]["queryResults"]["resultsBody"]["eventList"].as_array().map_or(0, Vec::len);
        ensure!(events == 1, "captured twice, the event is there {events} times");
        Ok(("captured the same document again: nothing was added".to_owned(), None))
    }

    async fn until_expected(&self, client: &Client, key: &str) -> Result<()> {
        until("the shipment notice", WITHIN, || async {
            let open = client.get("/v1/deliveries").await?.ok()?;
            let listed = open["deliveries"].as_array().is_some_and(|list| {
                list.iter().any(|delivery| delivery["epc"] == key && delivery["state"] == "expected")
            });
            Ok(listed.then_some(()))
        })
        .await
    }

    pub(super) async fn learn_of_the_pallet(&self) -> Result<Done> {
        self.until_expected(&self.distributor, &format!("00/{}", self.shipment.sscc)).await?;
        Ok(("got the notice, checked every proof in it, expects the pallet".to_owned(), None))
    }

    pub(super) async fn receive_the_pallet(&self) -> Result<Done> {
        let body = json!({ "epc": self.shipment.sscc });
        let received = self.distributor.post("/v1/deliveries", &body).await?.expect(201)?.json();
        ensure!(received["objects"] == 16, "a pallet, 3 cases and 12 packs: {received}");
        let block = self.final_block(&self.distributor, text(&received, "event_id")?).await?;
        Ok(("received the pallet; its content was inferred from the notice".to_owned(), Some(block)))
    }

    fn case(&self) -> Result<String> {
        let serial = self.shipment.cases.first().context("the shipment has cases")?;
        Ok(format!("01/{}/21/{serial}", self.shipment.case_gtin()))
    }

    pub(super) async fn ship_a_case(&self) -> Result<Done> {
        let item = format!("https://id.gs1.org/{}", self.case()?);
        let body = json!({ "items": [item], "to": self.pharmacy_site, "unpack_from": self.shipment.sscc });
        let sent = self.distributor.post("/v1/shipments", &body).await?.expect(201)?.json();
        let block = self.final_block(&self.distributor, text(&sent, "event_id")?).await?;
        Ok(("broke the pallet and shipped one case to the pharmacy".to_owned(), Some(block)))
    }

    pub(super) async fn receive_the_case(&self) -> Result<Done> {
        let case = self.case()?;
        self.until_expected(&self.pharmacy, &case).await?;
        let body = json!({ "epc": format!("https://id.gs1.org/{case}") });
        let received = self.pharmacy.post("/v1/deliveries", &body).await?.expect(201)?.json();
        ensure!(received["objects"] == 5, "a case and 4 packs: {received}");
        let block = self.final_block(&self.pharmacy, text(&received, "event_id")?).await?;
        Ok(("received the case with its 4 packs".to_owned(), Some(block)))
    }
}
