//! Between the ledger's milliseconds and the database's times.

use time::OffsetDateTime;

/// The time `ms` milliseconds after 1970 UTC; the last representable one for what lies beyond.
pub fn at_ms(ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(time::PrimitiveDateTime::MAX.assume_utc())
}
