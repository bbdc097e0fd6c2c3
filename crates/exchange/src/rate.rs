//! How fast one peer may send: a token bucket in milliseconds, without a clock of its own.

/// A bucket of `burst` messages that refills at `per_second`.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Thousandths of a message available.
    level: u64,
    /// Thousandths of a message when full.
    full: u64,
    /// Thousandths of a message a millisecond: exactly messages a second.
    per_ms: u64,
    last_ms: u64,
}

const ONE: u64 = 1_000;

impl Bucket {
    /// A full bucket at `now_ms`. A burst or rate of zero counts as one: a peer that may never send
    /// belongs off the list.
    pub(crate) fn new(burst: u32, per_second: u32, now_ms: u64) -> Self {
        let full = u64::from(burst.max(1)) * ONE;
        Self { level: full, full, per_ms: u64::from(per_second.max(1)), last_ms: now_ms }
    }

    /// Takes one message out, or says in how many milliseconds there will be one.
    pub(crate) fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let elapsed = now_ms.saturating_sub(self.last_ms);
        self.last_ms = self.last_ms.max(now_ms);
        self.level = self.level.saturating_add(elapsed.saturating_mul(self.per_ms)).min(self.full);
        if self.level >= ONE {
            self.level -= ONE;
            return Ok(());
        }
        Err((ONE - self.level).div_ceil(self.per_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let mut bucket = Bucket::new(3, 10, 1_000);
        assert_eq!([bucket.take(1_000), bucket.take(1_000), bucket.take(1_000)], [Ok(()); 3]);
        assert_eq!(bucket.take(1_000), Err(100));
        assert_eq!(bucket.take(1_050), Err(50));
        assert_eq!(bucket.take(1_100), Ok(()));
        assert_eq!(bucket.take(1_100), Err(100));
    }

    #[test]
    fn a_long_rest_fills_to_the_burst_only_and_time_may_stand_still() {
        let mut bucket = Bucket::new(2, 1_000, 0);
        let taken = (0..10).filter(|_| bucket.take(u64::MAX).is_ok()).count();
        assert_eq!(taken, 2);
        assert!(bucket.take(5).is_err(), "an earlier time gives nothing");
    }
}
