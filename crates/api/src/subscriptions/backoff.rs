//! When a delivery that failed is tried again.

use crate::limits::{DELIVERY_RETRY_AFTER_MS_MAX, DELIVERY_RETRY_MS, DELIVERY_RETRY_MS_MAX};

/// Milliseconds to wait after so many failures before this one: twice as long each time up to an hour, somewhere in the
/// upper half of that by `random`, so that receivers that came back are not met by all at once. Never less than the
/// receiver asked for by `Retry-After`, up to a day.
#[must_use]
pub fn pause_ms(failures: u32, retry_after_seconds: Option<u64>, random: u32) -> u64 {
    let doubled = DELIVERY_RETRY_MS.checked_shl(failures.min(32)).unwrap_or(DELIVERY_RETRY_MS_MAX);
    let longest = doubled.min(DELIVERY_RETRY_MS_MAX);
    let half = longest / 2;
    let pause = half + u64::from(random) % (longest - half + 1);
    let asked = retry_after_seconds.unwrap_or(0).saturating_mul(1_000).min(DELIVERY_RETRY_AFTER_MS_MAX);
    pause.max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_heed_what_is_asked() {
        for (failures, least, most) in [(0, 500, 1_000), (1, 1_000, 2_000), (5, 16_000, 32_000)] {
            for random in [0, 1, 777, u32::MAX] {
                assert!((least..=most).contains(&pause_ms(failures, None, random)), "{failures}, {random}");
            }
        }
        for failures in [12, 63, 64, u32::MAX] {
            assert!((1_800_000..=3_600_000).contains(&pause_ms(failures, None, 12_345)));
        }
        assert_eq!(pause_ms(0, Some(90), 3), 90_000);
        assert_eq!(pause_ms(0, Some(u64::MAX), 3), DELIVERY_RETRY_AFTER_MS_MAX);
    }
}
