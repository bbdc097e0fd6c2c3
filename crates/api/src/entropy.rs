//! Randomness, handed in.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::{OsRng, StdRng};
use rand::{CryptoRng, RngCore, SeedableRng};
use uuid::Uuid;

/// A cryptographically secure generator that all tasks of a service share.
///
/// It is seeded with 256 bits of the operating system, or in tests with a number, so that identifiers repeat.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<StdRng>>);

impl Entropy {
    /// A generator seeded by the operating system.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub fn system() -> Result<Self, rand::Error> {
        Ok(Self(Arc::new(Mutex::new(StdRng::from_rng(OsRng)?))))
    }

    /// A generator that gives the same values for the same `seed`. Never for keys that protect something.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill_bytes(&mut bytes));
        bytes
    }

    /// A UUID of version 7 (RFC 9562 section 5.7) for the moment `now_ms` (milliseconds since the Unix epoch).
    #[must_use]
    pub fn uuid_v7(&self, now_ms: u64) -> Uuid {
        uuid::Builder::from_unix_timestamp_millis(now_ms, &self.bytes::<10>()).into_uuid()
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        // A panic while drawing leaves a valid generator behind.
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}

impl RngCore for Entropy {
    fn next_u32(&mut self) -> u32 {
        self.with(RngCore::next_u32)
    }

    fn next_u64(&mut self) -> u64 {
        self.with(RngCore::next_u64)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.with(|rng| rng.fill_bytes(dest));
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand::Error> {
        self.with(|rng| rng.try_fill_bytes(dest))
    }
}

impl CryptoRng for Entropy {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_clones_share_one_stream() {
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        assert_eq!(a.bytes::<16>(), b.bytes::<16>());
        let shared = a.clone();
        assert_ne!(a.bytes::<16>(), shared.bytes::<16>());
    }

    #[test]
    fn identifiers_are_version_7_and_sort_by_time() {
        let entropy = Entropy::seeded(1);
        let (early, late) = (entropy.uuid_v7(1_700_000_000_000), entropy.uuid_v7(1_700_000_000_001));
        assert_eq!(early.get_version_num(), 7);
        assert!(early < late);
    }
}
