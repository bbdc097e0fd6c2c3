//! When to try again: one schedule for everything that is stored until acknowledged, one for dialling.
//!
//! Pure: times and randomness are arguments, so that the node, its tests and its simulation agree.

/// A wait that doubles up to a cap, with up to a quarter taken off at random, so that many senders who
/// lost the same peer do not come back in the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first failure, in milliseconds.
    pub first_ms: u64,
    /// Longest wait, in milliseconds.
    pub cap_ms: u64,
}

/// For stored messages: 1 s, 2 s, 4 s … 5 min. A peer that comes back is served at once anyway, because the
/// sender watches the links; this schedule is for a peer that is connected but refuses work.
pub const DELIVERY: Backoff = Backoff { first_ms: 1_000, cap_ms: 300_000 };

/// For connections: 100 ms, 200 ms … 10 s. Both sides dial, so a restarted peer is back sooner.
pub const DIAL: Backoff = Backoff { first_ms: 100, cap_ms: 10_000 };

impl Backoff {
    /// Milliseconds to wait after `attempts` failures; none before the first. `random` is any 64 random
    /// bits and takes up to a quarter off.
    #[must_use]
    pub fn delay_ms(&self, attempts: u32, random: u64) -> u64 {
        if attempts == 0 {
            return 0;
        }
        let doublings = (attempts - 1).min(63);
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        let full = self.first_ms.saturating_mul(factor).min(self.cap_ms);
        full - random % (full / 4 + 1)
    }
}

/// When a stored message is due again after `attempts` failed attempts, in milliseconds on the same
/// scale as `now_ms`. `random` is any 64 random bits (see [`Backoff::delay_ms`]).
///
/// There is no last attempt: what was promised to a partner is kept until it is acknowledged.
#[must_use]
pub fn next_attempt(attempts: u32, now_ms: u64, random: u64) -> u64 {
    now_ms.saturating_add(DELIVERY.delay_ms(attempts, random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_schedule_doubles_to_its_cap() {
        let waits: Vec<u64> = (0..12).map(|attempts| DELIVERY.delay_ms(attempts, 0)).collect();
        assert_eq!(
            waits,
            [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]
        );
        assert_eq!(next_attempt(0, 7, 99), 7);
        assert_eq!(next_attempt(1, u64::MAX, 0), u64::MAX);
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_a_quarter_of_the_schedule(attempts in 1_u32.., random: u64) {
            let full = DELIVERY.delay_ms(attempts, 0);
            let wait = DELIVERY.delay_ms(attempts, random);
            prop_assert!(wait <= full && wait >= full - full / 4);
            prop_assert!(wait <= DELIVERY.cap_ms);
        }
    }
}
