//! What the regulator sees, and what anybody can check.

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use super::{Done, Journey, WITHIN, encoded};
use crate::service::executable;
use crate::until::until;

impl Journey {
    fn evidence_file(&self) -> std::path::PathBuf {
        self.folder.join("evidence.json")
    }

    pub(super) async fn look_a_pack_up(&self) -> Result<Done> {
        let serial = self.shipment.packs.first().context("the shipment has packs")?;
        let (reason, lot) = (encoded("Routine inspection"), encoded(&self.shipment.lot));
        let path =
            format!("/v1/packs/{}/{serial}?reason={reason}&case_number=2026-1&lot={lot}", self.shipment.gtin);
        // The last change's result is in the block after it: the service says 409 until that one is there.
        let found = until("the evidence", WITHIN, || async {
            let answer = self.regulator.get(&path).await?;
            if answer.status.as_u16() == 409 { Ok(None) } else { answer.ok().map(Some) }
        })
        .await?;
        let history = found["history"].as_array().map_or(0, Vec::len);
        ensure!(found["state"] == "supplied" && history == 2, "commissioned and supplied: {found}");
        let evidence = serde_json::to_vec_pretty(&found["evidence"])?;
        std::fs::write(self.evidence_file(), evidence).context("the evidence cannot be written")?;
        let lookups = self.regulator.get("/v1/lookups").await?.ok()?;
        ensure!(lookups.to_string().contains("Routine inspection"), "the look-up was not logged: {lookups}");
        let block = found["history"][1]["block"].as_u64();
        Ok(("looked the pack up: commissioned, supplied, recalled; the look-up is logged".to_owned(), block))
    }

    pub(super) async fn verify_offline(&self) -> Result<Done> {
        let output = Command::new(executable("theriac")?)
            .arg("verify")
            .arg(self.evidence_file())
            .arg("--genesis")
            .arg(&self.genesis)
            .output()
            .await
            .context("theriac does not start")?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "theriac verify refused the evidence:\n{out}{err}");
        let file = self.evidence_file();
        Ok((
            format!("theriac verify {} --genesis {}: it holds", file.display(), self.genesis.display()),
            None,
        ))
    }
}
