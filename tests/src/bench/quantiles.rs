//! Quantiles of all samples. Nothing is averaged, nothing is thrown away.

use std::time::Duration;

/// Times in order.
#[derive(Debug, Clone, Default)]
pub struct Quantiles(Vec<Duration>);

impl Quantiles {
    /// Of these times.
    pub fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest time that at least `permille` of a thousand samples do not exceed (nearest rank), in milliseconds;
    /// none without samples.
    pub fn ms(&self, permille: usize) -> Option<f64> {
        let rank = (self.0.len() * permille).div_ceil(1_000).max(1);
        self.0.get(rank - 1).map(|time| time.as_secs_f64() * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_samples_by_nearest_rank() {
        let times = Quantiles::of((1..=20).rev().map(Duration::from_millis));
        assert_eq!((times.ms(500), times.ms(950), times.ms(990)), (Some(10.0), Some(19.0), Some(20.0)));
        assert_eq!(Quantiles::of([Duration::from_millis(3)]).ms(1), Some(3.0));
        assert_eq!(Quantiles::default().ms(500), None);
    }
}
