//! The pause after a block: the more it held, the longer the next one gathers. A height costs every node the same
//! whether it holds one change or a thousand, so a busy network makes fewer blocks and has its processors for the rest;
//! a quiet one does not notice.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::limits::{REST_LEAST, REST_MOST, REST_PER_UPDATE};

/// When the pause after the last block ends.
#[derive(Debug, Default)]
pub struct Rest(Mutex<Option<Instant>>);

impl Rest {
    /// Begins the pause after a block with so many updates.
    pub fn after(&self, updates: usize) {
        let until = Instant::now() + length(updates);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Waits until the pause is over.
    pub async fn wait(&self) {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }
}

/// How long to pause after a block with so many updates.
fn length(updates: usize) -> Duration {
    let updates = u32::try_from(updates).unwrap_or(u32::MAX);
    REST_PER_UPDATE.saturating_mul(updates).clamp(REST_LEAST, REST_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fuller_blocks_are_followed_by_longer_pauses_within_bounds() {
        assert_eq!(length(0), REST_LEAST);
        assert!(length(50) < length(150));
        assert_eq!(length(usize::MAX), REST_MOST);
    }
}
