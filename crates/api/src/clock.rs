//! Time, handed in. The system's implementation is the one place of the services that reads the clock.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch, UTC. May jump when the machine's clock is set.
    fn now_ms(&self) -> u64;

    /// Milliseconds since a moment fixed at start; never goes back. For ages and durations.
    fn monotonic_ms(&self) -> u64;
}

/// A clock that is passed around.
pub type SharedClock = Arc<dyn Clock>;

/// The moment `now_ms` milliseconds after the Unix epoch, UTC; the last one that can be written when it is later.
#[must_use]
pub fn moment(now_ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000)
        .unwrap_or_else(|_| time::PrimitiveDateTime::MAX.assume_utc())
}

/// The moment `now_ms` milliseconds after the Unix epoch as the API writes times: RFC 3339, UTC, milliseconds.
#[must_use]
pub fn rfc3339(now_ms: u64) -> String {
    let at = moment(now_ms);
    let (date, time) = (at.date(), at.time());
    let day = format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day());
    format!("{day}T{:02}:{:02}:{:02}.{:03}Z", time.hour(), time.minute(), time.second(), time.millisecond())
}

/// As [`rfc3339`], of a time from the database.
#[must_use]
pub fn rfc3339_of(at: OffsetDateTime) -> String {
    rfc3339(u64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default())
}

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one reading of the machine's clock; everything else gets a Clock"
        )]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock before 1970 is a machine without a battery: time 0 makes every later check refuse.
        since_epoch.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A clock that moves only when told to. For tests.
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct TestClock {
    now_ms: std::sync::atomic::AtomicU64,
    start_ms: u64,
}

#[cfg(any(test, feature = "testing"))]
impl TestClock {
    /// A clock that stands at `now_ms` (milliseconds since the Unix epoch).
    #[must_use]
    pub fn at(now_ms: u64) -> Self {
        Self { now_ms: std::sync::atomic::AtomicU64::new(now_ms), start_ms: now_ms }
    }

    /// Moves on by `by_ms` milliseconds.
    pub fn advance(&self, by_ms: u64) {
        self.now_ms.fetch_add(by_ms, std::sync::atomic::Ordering::SeqCst);
    }
}

#[cfg(any(test, feature = "testing"))]
impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        self.now_ms().saturating_sub(self.start_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_after_this_was_written_and_does_not_go_back() {
        let clock = SystemClock::new();
        assert!(clock.now_ms() > 1_700_000_000_000);
        let first = clock.monotonic_ms();
        assert!(clock.monotonic_ms() >= first);
    }

    #[test]
    fn a_test_clock_moves_only_when_told() {
        let clock = TestClock::at(5_000);
        assert_eq!((clock.now_ms(), clock.monotonic_ms()), (5_000, 0));
        clock.advance(250);
        assert_eq!((clock.now_ms(), clock.monotonic_ms()), (5_250, 250));
    }
}
