//! What happens to packs at the counter.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

use super::{Done, Journey, WITHIN, text};
use crate::until::until;
use crate::{Client, Shipment};

impl Journey {
    fn pack(&self, index: usize) -> Result<&str> {
        self.shipment.packs_of(0).get(index).map(String::as_str).context("a case has four packs")
    }

    async fn authenticate(&self, client: &Client, scan: &str) -> Result<Value> {
        client.post("/v1/authenticate", &json!({ "scan": scan })).await?.ok()
    }

    pub(super) async fn authenticate_each_pack(&self) -> Result<Done> {
        for serial in self.shipment.packs_of(0) {
            let answer = self.authenticate(&self.pharmacy, &self.shipment.scan(serial)?).await?;
            ensure!(answer["verdict"] == "genuine" && answer["colour"] == "green", "not genuine: {answer}");
        }
        Ok(("scanned the 4 packs: genuine, green".to_owned(), None))
    }

    pub(super) async fn dispense_one(&self) -> Result<Done> {
        let scan = json!({ "scan": self.shipment.scan(self.pack(0)?)? });
        let changed = self.pharmacy.post("/v1/packs/dispense", &scan).await?.expect(200)?.json();
        ensure!(changed["state"] == "supplied", "not supplied: {changed}");
        let block = match changed["block"].as_u64() {
            Some(block) => block,
            None => self.final_block(&self.pharmacy, text(&changed, "event_id")?).await?,
        };
        Ok(("dispensed one pack".to_owned(), Some(block)))
    }

    pub(super) async fn dispense_it_again(&self) -> Result<Done> {
        let scan = json!({ "scan": self.shipment.scan(self.pack(0)?)? });
        let refused = self.pharmacy.post("/v1/packs/dispense", &scan).await?.expect(409)?;
        let problem = refused.json();
        let alert = text(&problem["alert"], "id")?.to_owned();
        let alerts = self.pharmacy.get("/v1/alerts").await?.ok()?;
        ensure!(alerts.to_string().contains(&alert), "the alert is not listed at the site: {alerts}");
        Ok((format!("tried to dispense it again: refused ({}), alert {alert}", refused.problem()), None))
    }

    pub(super) async fn hear_of_it(&self) -> Result<Done> {
        let serial = self.pack(0)?;
        until("the alert at the manufacturer", WITHIN, || async {
            let alerts = self.manufacturer.get("/v1/alerts").await?.ok()?;
            let heard = alerts["alerts"].as_array().is_some_and(|list| {
                list.iter().any(|alert| alert["code"] == "A7" && alert.to_string().contains(serial))
            });
            Ok(heard.then_some(()))
        })
        .await?;
        Ok(("heard of the second attempt: alert A7".to_owned(), None))
    }

    pub(super) async fn tell_wrong_labels_apart(&self) -> Result<Done> {
        let (shipment, serial) = (&self.shipment, self.pack(1)?);
        let other_day = shipment.expiry - Duration::from_secs(86_400);
        let label =
            |expiry, lot: &str, serial: &str| Shipment::element_string(&shipment.gtin, expiry, lot, serial);
        let cases = [
            ("unknown_serial", label(shipment.expiry, &shipment.lot, "NEVER1SSUED")?),
            ("lot_mismatch", label(shipment.expiry, "WRONGLOT", serial)?),
            ("expiry_mismatch", label(other_day, &shipment.lot, serial)?),
        ];
        for (expected, scan) in &cases {
            let answer = self.authenticate(&self.pharmacy, scan).await?;
            ensure!(answer["verdict"] == *expected, "expected {expected}: {answer}");
        }
        Ok((
            "an unknown serial, a wrong lot and a wrong expiry gave three different answers".to_owned(),
            None,
        ))
    }

    pub(super) async fn recall_the_lot(&self) -> Result<Done> {
        let recall = json!({ "gtin": self.shipment.gtin, "lot": self.shipment.lot, "class": "II",
                             "reason": "Out of specification in the stability programme" });
        let made = self.manufacturer.post("/v1/recalls", &recall).await?.ok()?;
        let lot = &self.shipment.lot;
        let block = until("the recall", WITHIN, || async {
            let recalls = self.manufacturer.get("/v1/recalls").await?.ok()?;
            let own = recalls["recalls"]
                .as_array()
                .and_then(|list| list.iter().find(|one| one["lot"] == lot.as_str()).cloned());
            Ok(own.and_then(|one| one["block"].as_u64().or(made["block"].as_u64())))
        })
        .await?;
        Ok((format!("recalled lot {lot}"), Some(block)))
    }

    pub(super) async fn refuse_the_recalled(&self) -> Result<Done> {
        let dispensed = self.pack(0)?;
        let left: Vec<&String> = self.shipment.packs.iter().filter(|serial| *serial != dispensed).collect();
        for client in [&self.pharmacy, &self.distributor, &self.manufacturer] {
            self.until_recalled(client, self.pack(2)?).await?;
            // Where one pack is recalled, its whole lot is: there is no waiting for any other.
            for serial in &left {
                let answer = self.authenticate(client, &self.shipment.scan(serial)?).await?;
                ensure!(answer["verdict"] == "recalled", "not recalled at {}: {answer}", client.base());
            }
        }
        let mut problem = String::new();
        for serial in self.shipment.packs_of(0).iter().filter(|serial| *serial != dispensed) {
            let scan = json!({ "scan": self.shipment.scan(serial)? });
            problem = self.pharmacy.post("/v1/packs/dispense", &scan).await?.expect(409)?.problem();
        }
        let count = left.len();
        Ok((format!("recalled at all three: each of {count} packs; none is dispensed ({problem})"), None))
    }

    async fn until_recalled(&self, client: &Client, serial: &str) -> Result<()> {
        let scan = self.shipment.scan(serial)?;
        until("the recall", WITHIN, || async {
            let answer = self.authenticate(client, &scan).await?;
            Ok((answer["verdict"] == "recalled").then_some(()))
        })
        .await
    }
}
