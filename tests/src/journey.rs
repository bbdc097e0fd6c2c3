//! One real shipment, from the production line to the patient, over the public HTTP APIs alone.
//!
//! `cargo xtask up` runs it, and so do the tests: each step says who did what, in which block it became final, and
//! how long that took.

mod goods;
mod packs;
mod proof;

use anyhow::{Context as _, Result, anyhow, bail};
use rand::SeedableRng as _;
use serde_json::Value;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

use crate::{Client, Network, Shipment};

/// No step waits longer for another organisation.
pub(crate) const WITHIN: Duration = Duration::from_secs(120);

/// What one step did.
#[derive(Debug, Clone)]
pub struct Step {
    /// Who.
    pub who: &'static str,
    /// What, in words.
    pub what: String,
    /// The block in which it became final, where that is known.
    pub block: Option<u64>,
    /// How long it took, in milliseconds.
    pub milliseconds: u128,
}

/// How a journey went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Steps there are.
    pub steps: usize,
    /// Steps that did what they should.
    pub ok: usize,
    /// What went wrong, and with which step.
    pub failure: Option<anyhow::Error>,
}

impl Outcome {
    /// The line that `cargo xtask up --once` ends with.
    pub fn line(&self) -> String {
        format!("journey: {} steps, {} ok, {} failed", self.steps, self.ok, self.steps - self.ok)
    }
}

/// A step's answer: what was done, and the block.
pub(crate) type Done = (String, Option<u64>);

/// The shipment and the clients of the four services.
pub struct Journey {
    pub(crate) shipment: Shipment,
    pub(crate) manufacturer: Client,
    pub(crate) distributor: Client,
    pub(crate) pharmacy: Client,
    pub(crate) regulator: Client,
    pub(crate) pharmacy_site: String,
    pub(crate) genesis: std::path::PathBuf,
    pub(crate) folder: std::path::PathBuf,
}

/// Who, what for the progress line, and the step itself.
macro_rules! steps {
    ($($who:literal, $method:ident;)*) => {
        const STEPS: usize = [$(stringify!($method)),*].len();

        /// Runs every step in order; the first that fails ends the journey.
        async fn run_all(journey: &Journey, outcome: &mut Outcome, tell: &dyn Fn(&Step)) -> Result<()> {
            $(
                let start = Instant::now();
                let (what, block) = journey.$method().await.with_context(|| {
                    format!("{}: {}", $who, stringify!($method).replace('_', " "))
                })?;
                outcome.ok += 1;
                tell(&Step { who: $who, what, block, milliseconds: start.elapsed().as_millis() });
            )*
            Ok(())
        }
    };
}

steps! {
    "manufacturer", capture;
    "manufacturer", anchor;
    "manufacturer", capture_again;
    "distributor", learn_of_the_pallet;
    "distributor", receive_the_pallet;
    "distributor", ship_a_case;
    "pharmacy", receive_the_case;
    "pharmacy", authenticate_each_pack;
    "pharmacy", dispense_one;
    "pharmacy", dispense_it_again;
    "manufacturer", hear_of_it;
    "pharmacy", tell_wrong_labels_apart;
    "manufacturer", recall_the_lot;
    "pharmacy", refuse_the_recalled;
    "regulator", look_a_pack_up;
    "auditor", verify_offline;
}

impl Journey {
    /// Draws a shipment for this network.
    ///
    /// # Errors
    /// When one of the four services is missing.
    pub fn draw(network: &Network, seed: u64) -> Result<Self> {
        let mut random = rand::rngs::StdRng::seed_from_u64(seed);
        let now = OffsetDateTime::from_unix_timestamp_nanos(i128::from(crate::now_ms()) * 1_000_000)?;
        let service = |name: &str| {
            network
                .services()
                .iter()
                .find(|service| service.spec.name == name)
                .with_context(|| format!("no {name}"))
        };
        Ok(Self {
            shipment: Shipment::draw(&mut random, now)?,
            manufacturer: service("manufacturer")?.client()?,
            distributor: service("distributor")?.client()?,
            pharmacy: service("pharmacy")?.client()?,
            regulator: service("regulator")?.client()?,
            pharmacy_site: service("pharmacy")?.spec.site().to_owned(),
            genesis: network.genesis_file(),
            folder: network.folder().to_owned(),
        })
    }

    /// Runs it, telling each step when it is done.
    pub async fn run(&self, tell: &dyn Fn(&Step)) -> Outcome {
        let mut outcome = Outcome { steps: STEPS, ..Outcome::default() };
        outcome.failure = run_all(self, &mut outcome, tell).await.err();
        outcome
    }

    /// How a journey went that was interrupted after so many steps.
    pub fn interrupted(ok: usize) -> Outcome {
        Outcome { steps: STEPS, ok, failure: Some(anyhow!("interrupted")) }
    }

    /// The block that holds an event, once it is final.
    pub(crate) async fn final_block(&self, client: &Client, event_id: &str) -> Result<u64> {
        let path = format!("/v1/receipts/{}", encoded(event_id));
        let receipt = crate::until::until("the event's receipt", WITHIN, || async {
            let answer = client.get(&path).await?;
            match answer.status.as_u16() {
                200 => Ok(Some(answer.json())),
                404 | 409 => Ok(None),
                _ => bail!("{}: {}", answer.status, answer.text()),
            }
        })
        .await?;
        receipt["anchor"]["block"]["header"]["height"].as_u64().context("the receipt names no block")
    }
}

/// Percent-encodes a path segment (RFC 3986 section 2.1).
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A text of a JSON answer.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> Result<&'a str> {
    value[field].as_str().with_context(|| format!("the answer has no {field}: {value}"))
}
