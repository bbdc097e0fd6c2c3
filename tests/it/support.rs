//! What the scripts share: capturing, waiting for finality, looking a pack up.

use anyhow::{Context as _, Result, bail, ensure};
use e2e::until::until;
use e2e::{Answer, Client, Shipment};
use rand::SeedableRng as _;
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;

/// No condition is waited for longer: two cores run everything at once.
pub const WITHIN: Duration = Duration::from_secs(240);

/// A drawn shipment whose events happened just before now.
pub fn draw(seed: u64) -> Result<Shipment> {
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    Shipment::draw(
        &mut random,
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(e2e::now_ms()) * 1_000_000)?,
    )
}

/// Posts an XML document, and again while the service is away; returns the job's path.
pub async fn accepted(client: &Client, document: &str) -> Result<String> {
    accepted_as(client, "application/xml", document).await
}

/// As [`accepted`], for a document of either media type.
pub async fn accepted_as(client: &Client, media_type: &str, document: &str) -> Result<String> {
    let answer = until("202", WITHIN, || async {
        match client.post_bytes("/epcis/capture", media_type, document).await {
            Ok(answer) if answer.status.as_u16() == 202 => Ok(Some(answer)),
            Ok(answer) if answer.status.as_u16() != 503 => bail!("{}: {}", answer.status, answer.text()),
            _ => Ok(None),
        }
    })
    .await?;
    let location = answer.header("location");
    Ok(location.strip_prefix(client.base()).unwrap_or(location).to_owned())
}

/// Waits until a job has ended, and checks that all of it was captured.
pub async fn captured(client: &Client, job: &str) -> Result<()> {
    captured_within(client, job, WITHIN).await
}

/// As [`captured`], for documents that take longer.
pub async fn captured_within(client: &Client, job: &str, within: Duration) -> Result<()> {
    let done = until("the capture job", within, || async {
        let Ok(answer) = client.get(job).await else { return Ok(None) };
        let job = answer.json();
        Ok((answer.status.is_success() && job["running"] == false).then_some(job))
    })
    .await?;
    ensure!(done["success"] == true, "the job failed: {done}");
    Ok(())
}

/// Height of the block that holds an event, once it is final.
pub async fn anchored(client: &Client, event_id: &str, within: Duration) -> Result<u64> {
    let path = format!("/v1/receipts/{}", e2e::journey::encoded(event_id));
    let receipt = until("the receipt", within, || async {
        let Ok(answer) = client.get(&path).await else { return Ok(None) };
        Ok(answer.status.is_success().then(|| answer.json()))
    })
    .await?;
    receipt["anchor"]["block"]["header"]["height"].as_u64().context("the receipt names no block")
}

/// Waits until every event of a shipment is final.
pub async fn all_anchored(client: &Client, shipment: &Shipment) -> Result<()> {
    for event in &shipment.events {
        anchored(client, &format!("urn:uuid:{event}"), WITHIN).await?;
    }
    Ok(())
}

/// Waits until an organisation expects these goods: a canonical key, such as `00/…` of a pallet.
pub async fn expected(client: &Client, key: &str) -> Result<()> {
    until("the shipment notice", WITHIN, || async {
        let Ok(answer) = client.get("/v1/deliveries").await else { return Ok(None) };
        let open = answer.json();
        let listed = open["deliveries"].as_array().is_some_and(|list| {
            list.iter().any(|delivery| delivery["epc"] == key && delivery["state"] == "expected")
        });
        Ok(listed.then_some(()))
    })
    .await
}

/// Sends one request until it is answered, as a client does whose connection broke: under the same idempotency key.
pub async fn insisted(client: &Client, path: &str, body: &Value) -> Result<Value> {
    let key = uuid::Uuid::new_v4().to_string();
    until(path, WITHIN, || async {
        let Ok(answer) = client.post_once(path, body, &key).await else { return Ok(None) };
        // Not ready, or the first of these requests is still under way.
        let again =
            answer.status.as_u16() == 503 || answer.problem() == "urn:theriac:problem:idempotency-key-in-use";
        if again { Ok(None) } else { answer.ok().map(Some) }
    })
    .await
}

/// Waits until a service's verdict on a pack is this one.
pub async fn verdict(client: &Client, scan: &str, expected: &str) -> Result<()> {
    let body = json!({ "scan": scan });
    until(&format!("the verdict {expected}"), WITHIN, || async {
        let Ok(answer) = client.post("/v1/authenticate", &body).await else { return Ok(None) };
        Ok((answer.json()["verdict"] == expected).then_some(()))
    })
    .await
}

/// Dispenses a pack.
pub async fn dispense(client: &Client, scan: &str) -> Result<Answer> {
    client.post("/v1/packs/dispense", &json!({ "scan": scan })).await
}
