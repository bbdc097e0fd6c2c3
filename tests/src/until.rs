//! Waiting for a condition within a bound.

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Between two looks.
const POLL: Duration = Duration::from_millis(15);

/// Asks `probe` until it has an answer.
///
/// # Errors
/// The probe's own error at once; or, naming `what`, that the bound passed.
pub async fn until<T, F: Future<Output = Result<Option<T>>>>(
    what: &str,
    within: Duration,
    mut probe: impl FnMut() -> F,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = probe().await? {
            return Ok(answer);
        }
        if started.elapsed() >= within {
            bail!("waited {:.1} s in vain for {what}", within.as_secs_f64());
        }
        tokio::time::sleep(POLL).await;
    }
}
