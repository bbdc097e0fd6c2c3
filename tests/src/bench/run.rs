//! What all rows of one run share: the network, its databases, the generator of packs.

use anyhow::{Context as _, Result};
use std::ops::Range;
use std::time::Duration;
use store::{DatabaseConfig, PgPool};

use super::capture;
use super::data::Generator;
use super::finals::Finals;
use crate::{Network, Service};

/// Seed of the packs: every run, and every later benchmark, has the same ones.
const SEED: u64 = 1;
/// Connections of the harness to each database, its listener aside.
const CONNECTIONS_MAX: u32 = 4;

/// One run.
#[derive(Debug)]
pub struct Run {
    /// The network under load.
    pub network: Network,
    /// Makes packs.
    pub generator: Generator,
    /// When blocks were indexed everywhere.
    pub finals: Finals,
    /// Seconds of one measurement.
    pub seconds: u32,
    /// Records that the pharmacy knows when it authenticates.
    pub records: u64,
    pools: Vec<(String, PgPool)>,
    next: u64,
}

impl Run {
    /// Opens the databases of a network that runs.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn new(network: Network, seconds: u32, records: u64) -> Result<Self> {
        let mut pools = Vec::new();
        for service in network.services() {
            let mut config = DatabaseConfig::new(&service.database_url);
            config.connections_max = CONNECTIONS_MAX;
            config.application_name = "theriac-bench".to_owned();
            pools.push((service.spec.name.clone(), store::connect(&config).await?));
        }
        let now = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(crate::now_ms()) * 1_000_000)?;
        let finals = Finals::follow(pools.iter().map(|(_, pool)| pool)).await?;
        let generator = Generator::new(SEED, now)?;
        Ok(Self { network, generator, finals, seconds, records, pools, next: 0 })
    }

    /// Lets the databases go, and gives the network back to be stopped.
    pub async fn end(self) -> Network {
        for (_, pool) in &self.pools {
            pool.close().await;
        }
        self.network
    }

    /// How long one measurement takes.
    pub fn window(&self) -> Duration {
        Duration::from_secs(u64::from(self.seconds))
    }

    /// Numbers of packs that no row has had.
    pub fn draw(&mut self, count: u64) -> Range<u64> {
        let first = self.next;
        self.next = first + count;
        first..self.next
    }

    /// A service by its organisation's name.
    ///
    /// # Errors
    /// When there is none.
    pub fn service(&self, name: &str) -> Result<&Service> {
        let found = self.network.services().iter().find(|service| service.spec.name == name);
        found.with_context(|| format!("no organisation is named {name}"))
    }

    /// A database by its organisation's name.
    ///
    /// # Errors
    /// When there is none.
    pub fn pool(&self, name: &str) -> Result<&PgPool> {
        let found = self.pools.iter().find(|(of, _)| of == name);
        found.map(|(_, pool)| pool).with_context(|| format!("no organisation is named {name}"))
    }

    /// All databases with their organisations' names.
    pub fn pools(&self) -> &[(String, PgPool)] {
        &self.pools
    }

    /// Waits until everything captured or changed so far is final at every node.
    ///
    /// # Errors
    /// When that takes longer than two minutes an organisation.
    pub async fn settle(&self) -> Result<()> {
        for (name, _) in &self.pools {
            capture::settle(self, name).await?;
        }
        Ok(())
    }

    /// API keys for `count` clients at a service's last site. One client may make 2,000 requests a second by default:
    /// what a chain of pharmacies sends comes from many.
    ///
    /// # Errors
    /// When one cannot be made.
    pub async fn clients(&self, name: &str, count: usize, permissions: &str) -> Result<Vec<String>> {
        let service = self.service(name)?;
        let site = service.spec.site();
        let mut keys = Vec::with_capacity(count);
        for number in 1..=count {
            let client = format!("till {number}");
            let arguments =
                ["keys", "create-client", "--name", &client, "--permissions", permissions, "--site", site];
            keys.push(service.run(&arguments).await?.trim().to_owned());
        }
        Ok(keys)
    }
}
