//! The clients that called lately, so that PostgreSQL is asked about each key every two seconds at most.
//!
//! An entry is used for [`KEY_FRESH_MS`]. After that, one request renews it while the others go on with it, up to
//! [`KEY_STALE_MS`]; so a busy key never makes a herd of look-ups, and a revoked one ends within seconds.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};
use gs1::Gln;
use store::PgPool;
use store::api_client::ApiClient;
use uuid::Uuid;

use super::key::KeyHash;
use super::{Client, Permissions};
use crate::clock::SharedClock;
use crate::config::HttpConfig;
use crate::limits::{
    KEY_CACHE_ENTRIES_MAX, KEY_FRESH_MS, KEY_STALE_MS, STRANGERS_MAX, UNKNOWN_KEYS_OF_ALL_PER_SECOND,
    UNKNOWN_KEYS_PER_SECOND,
};
use crate::problem::{Problem, ProblemType};

/// Our clock, as `governor` reads one.
#[derive(Clone)]
struct Ticks(SharedClock);

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.monotonic_ms().saturating_mul(1_000_000))
    }
}

type OneRate = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;
type RateOfEach<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Nanos>>;

struct Entry {
    hash: KeyHash,
    client: Arc<Client>,
    looked_up_ms: u64,
    renewing: AtomicBool,
}

/// The clients that called lately, and how fast each calls.
pub struct Clients {
    clock: SharedClock,
    /// By the hash's first bytes; whether it is that very key is compared in constant time.
    entries: RwLock<HashMap<u64, Entry>>,
    /// By the address that they come from, so that one does not lock out another's fresh key. Behind a reverse proxy all
    /// come from its address: there the proxy must limit them.
    strangers: RateOfEach<IpAddr>,
    all_strangers: OneRate,
    rates: RateOfEach<Uuid>,
}

impl Clients {
    /// Nobody yet.
    #[must_use]
    pub fn new(clock: SharedClock, config: &HttpConfig) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let per_client = Quota::per_second(at_least_one(config.rate_per_second))
            .allow_burst(at_least_one(config.rate_burst));
        let strangers = Quota::per_second(at_least_one(UNKNOWN_KEYS_PER_SECOND));
        let all_strangers = Quota::per_second(at_least_one(UNKNOWN_KEYS_OF_ALL_PER_SECOND));
        let ticks = Ticks(Arc::clone(&clock));
        Self {
            clock,
            entries: RwLock::new(HashMap::new()),
            strangers: RateLimiter::new(strangers, DashMapStateStore::default(), ticks.clone()),
            all_strangers: RateLimiter::direct_with_clock(all_strangers, ticks.clone()),
            rates: RateLimiter::new(per_client, DashMapStateStore::default(), ticks),
        }
    }

    /// The client of this key, if it called lately and it is not this request's turn to renew what is known of it.
    pub(super) fn remembered(&self, hash: &KeyHash) -> Option<Arc<Client>> {
        let now_ms = self.clock.monotonic_ms();
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&hash.prefix()).filter(|entry| hash.is(entry.hash.as_bytes()))?;
        let age_ms = now_ms.saturating_sub(entry.looked_up_ms);
        let usable =
            age_ms < KEY_FRESH_MS || (age_ms < KEY_STALE_MS && entry.renewing.swap(true, Ordering::Relaxed));
        usable.then(|| Arc::clone(&entry.client))
    }

    /// Asks the database for the client of this key, which came from the address `from`, and remembers it.
    ///
    /// # Errors
    /// `unauthenticated` when there is none in force; `rate-limited` when too many unknown keys are tried from there;
    /// `unavailable`.
    pub(super) async fn look_up(
        &self,
        pool: &PgPool,
        hash: KeyHash,
        from: Option<IpAddr>,
    ) -> Result<Arc<Client>, Problem> {
        if !self.knows(&hash) {
            self.stranger(from)?;
        }
        let asked_ms = self.clock.monotonic_ms();
        let mut connection = pool.acquire().await.map_err(store::Error::from)?;
        let found = store::api_client::find_by_key_hash(&mut connection, hash.as_bytes()).await?;
        drop(connection);
        match found {
            Some(row) => {
                let client = Arc::new(Client::try_from(row)?);
                self.remember(hash, Arc::clone(&client), asked_ms);
                Ok(client)
            }
            None => {
                self.entries.write().unwrap_or_else(PoisonError::into_inner).remove(&hash.prefix());
                Err(Problem::new(ProblemType::Unauthenticated))
            }
        }
    }

    /// Counts one key that is not known, tried from this address.
    fn stranger(&self, from: Option<IpAddr>) -> Result<(), Problem> {
        if self.strangers.len() >= STRANGERS_MAX {
            self.strangers.retain_recent();
        }
        // Whoever comes when there are too many addresses shares one rate with all others of them.
        let crowded = self.strangers.len() >= STRANGERS_MAX;
        let from = from.filter(|_| !crowded).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network);
        self.strangers.check_key(&from).map_err(|wait| self.too_many(&wait))?;
        self.all_strangers.check().map_err(|wait| self.too_many(&wait))
    }

    /// Counts one request of this client.
    pub(super) fn within_rate(&self, client: Uuid) -> Result<(), Problem> {
        self.rates.check_key(&client).map_err(|wait| self.too_many(&wait))
    }

    fn knows(&self, hash: &KeyHash) -> bool {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).contains_key(&hash.prefix())
    }

    fn remember(&self, hash: KeyHash, client: Arc<Client>, looked_up_ms: u64) {
        let entry = Entry { hash, client, looked_up_ms, renewing: AtomicBool::new(false) };
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= KEY_CACHE_ENTRIES_MAX {
            entries.retain(|_, known| looked_up_ms.saturating_sub(known.looked_up_ms) < KEY_STALE_MS);
            self.rates.retain_recent();
        }
        if entries.len() < KEY_CACHE_ENTRIES_MAX {
            entries.insert(hash.prefix(), entry);
        }
    }

    fn too_many(&self, wait: &NotUntil<Nanos>) -> Problem {
        let now = Nanos::from(self.clock.monotonic_ms().saturating_mul(1_000_000));
        let seconds = wait.wait_time_from(now).as_secs().saturating_add(1);
        Problem::new(ProblemType::RateLimited).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

/// Who has one address of IPv6 has its whole network of 64 bits (RFC 4291 section 2.5.4).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl TryFrom<ApiClient> for Client {
    type Error = Problem;

    fn try_from(row: ApiClient) -> Result<Self, Problem> {
        let site = row.site_gln.as_deref().map(Gln::new).transpose().map_err(Problem::internal)?;
        let permissions = Permissions::of_names(&row.permissions).map_err(Problem::internal)?;
        Ok(Self { id: row.id, name: row.name, site, permissions })
    }
}
