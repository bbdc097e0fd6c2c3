//! What is in an organisation's database: counts that must not change, and commitments that must stand once on the
//! ledger.

use anyhow::{Result, ensure};
use e2e::Service;
use e2e::bench::database::connection;
use e2e::until::until;
use sqlx::{PgConnection, query_scalar};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::Mutex;

/// A look at one organisation's tables.
pub struct Rows {
    conn: Mutex<PgConnection>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub events: u64,
    pub identities: u64,
    pub identifiers: u64,
    pub custody: u64,
    pub batches: u64,
    pub records: u64,
}

impl Rows {
    pub async fn of(service: &Service) -> Result<Self> {
        Ok(Self { conn: Mutex::new(connection(&service.database_url).await?) })
    }

    async fn count(&self, query: &'static str) -> Result<u64> {
        let counted: i64 = query_scalar(query).fetch_one(&mut *self.conn.lock().await).await?;
        Ok(u64::try_from(counted)?)
    }

    pub async fn counted(&self) -> Result<Counted> {
        Ok(Counted {
            events: self.count("SELECT count(*) FROM event").await?,
            identities: self.count("SELECT count(*) FROM event_identity").await?,
            identifiers: self.count("SELECT count(*) FROM event_epc").await?,
            custody: self.count("SELECT count(*) FROM custody").await?,
            batches: self.count("SELECT count(*) FROM batch").await?,
            records: self.count("SELECT count(*) FROM status_record").await?,
        })
    }

    /// Waits until nothing is on its way to the ledger.
    pub async fn all_final(&self, within: Duration) -> Result<()> {
        until("an empty outbox", within, || async {
            let waiting = self.count("SELECT count(*) FROM outbox").await?;
            Ok((waiting == 0).then_some(()))
        })
        .await
    }

    /// Place of the next event of the oldest running capture job, if there is one.
    pub async fn place_of_job(&self) -> Result<Option<u64>> {
        let mut conn = self.conn.lock().await;
        let place: Option<i64> =
            query_scalar("SELECT next_event FROM capture_job WHERE running ORDER BY created_at LIMIT 1")
                .fetch_optional(&mut *conn)
                .await?;
        Ok(place.map(u64::try_from).transpose()?)
    }

    /// Checks that the commitment of every event is a leaf of exactly one batch, and that no leaf, be it a commitment
    /// or a change of a pack, is in two.
    pub async fn each_event_is_anchored_once(&self) -> Result<()> {
        let mut conn = self.conn.lock().await;
        let commitments: Vec<Vec<u8>> =
            query_scalar("SELECT commitment FROM event").fetch_all(&mut *conn).await?;
        let leaves: Vec<Vec<u8>> =
            query_scalar("SELECT leaves FROM batch_leaves").fetch_all(&mut *conn).await?;
        let mut times: BTreeMap<&[u8], usize> = BTreeMap::new();
        for leaf in leaves.iter().flat_map(|leaves| leaves.chunks(32)) {
            *times.entry(leaf).or_default() += 1;
        }
        ensure!(times.values().all(|found| *found == 1), "a leaf stands in two batches");
        for commitment in &commitments {
            let found = times.get(commitment.as_slice()).copied().unwrap_or_default();
            ensure!(found == 1, "an event stands {found} times in batches");
        }
        Ok(())
    }
}
