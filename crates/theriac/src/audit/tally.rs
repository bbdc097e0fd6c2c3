//! Comparing two sets of rows without keeping or sorting either.
//!
//! Each row is hashed under a key drawn for this run, so that nobody who wrote the database can know the hashes; those
//! of one side are added, those of the other taken away. What is left of a group of rows (those of one event, of one
//! block) is zero if and, but for one chance in 2^128, only if both sides have the same rows as often.

use std::hash::{BuildHasher as _, RandomState};

/// The keys of one run.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    high: RandomState,
    low: RandomState,
}

impl Keys {
    /// The hash of a row, which must be given with all that tells it from others.
    pub fn row(&self, row: &impl std::hash::Hash) -> u128 {
        u128::from(self.high.hash_one(row)) << 64 | u128::from(self.low.hash_one(row))
    }

    /// A short hash, for 32 bytes that are compared place by place.
    pub fn short(&self, bytes: &[u8; 32]) -> u64 {
        self.low.hash_one(bytes)
    }
}

/// What is left of each group of rows.
#[derive(Debug, Clone, Default)]
pub struct Tally(Vec<u128>);

impl Tally {
    /// Counts a row that there should be.
    pub fn expect(&mut self, group: usize, row: u128) {
        if self.0.len() <= group {
            self.0.resize(group + 1, 0);
        }
        self.0[group] = self.0[group].wrapping_add(row);
    }

    /// Counts a row that there is. `false`: no row is expected in a group like this.
    pub fn find(&mut self, group: usize, row: u128) -> bool {
        match self.0.get_mut(group) {
            Some(left) => {
                *left = left.wrapping_sub(row);
                true
            }
            None => false,
        }
    }

    /// The groups whose rows differ.
    pub fn differing(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().filter(|(_, left)| **left != 0).map(|(group, _)| group)
    }
}

/// What is in `expected` and not in `found`, and the other way round; both get sorted.
pub fn differences<T: Ord + Clone>(mut expected: Vec<T>, mut found: Vec<T>) -> (Vec<T>, Vec<T>) {
    expected.sort();
    found.sort();
    let (mut missing, mut added) = (Vec::new(), Vec::new());
    let (mut left, mut right) = (expected.into_iter().peekable(), found.into_iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return (missing, added),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        if order.is_le()
            && let Some(one) = left.next()
            && order.is_lt()
        {
            missing.push(one);
        }
        if order.is_ge()
            && let Some(one) = right.next()
            && order.is_gt()
        {
            added.push(one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_any_order_are_the_same_and_a_repeated_one_is_not() {
        let keys = Keys::default();
        let mut tally = Tally::default();
        for row in ["a", "b", "b"] {
            tally.expect(2, keys.row(&row));
        }
        for row in ["b", "a"] {
            assert!(tally.find(2, keys.row(&row)));
        }
        assert_eq!(tally.differing().collect::<Vec<_>>(), [2]);
        assert!(tally.find(2, keys.row(&"b")));
        assert_eq!(tally.differing().count(), 0);
        assert!(!tally.find(3, keys.row(&"b")));
    }

    #[test]
    fn differences_count_repeated_rows() {
        let (missing, added) = differences(vec![3, 1, 1, 2], vec![1, 2, 4]);
        assert_eq!((missing, added), (vec![1, 3], vec![4]));
    }
}
