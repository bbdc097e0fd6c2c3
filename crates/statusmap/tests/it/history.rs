//! Histories that a number gives, and the map in memory that they lead to.

use std::collections::BTreeMap;

use ledger::hash::TaggedHasher;
use ledger::map::height_entry;
use ledger::{Hash, Height, Map};
use statusmap::Settings;

/// Small, so that tests may have many.
pub fn settings() -> Settings {
    Settings { expected_keys: 1_000, rollback_blocks: 8, cache_mib: 1, ..Settings::default() }
}

/// A draw: the same for the same numbers.
pub fn draw(seed: u64, height: u64, index: u64) -> Hash {
    let numbers = [seed, height, index].map(u64::to_be_bytes).concat();
    TaggedHasher::new("draws of tests").fixed(&numbers).finish()
}

fn number(hash: &Hash) -> u64 {
    u64::from_be_bytes(*hash.0.first_chunk().unwrap())
}

/// A number below a bound.
pub fn below(seed: u64, height: u64, index: u64, bound: u64) -> u64 {
    number(&draw(seed, height, index)) % bound
}

/// One of the keys of a history.
pub fn key(seed: u64, index: u64) -> Hash {
    draw(seed, 0, index)
}

/// How many keys a history has.
pub const KEYS: u64 = 3_000;

/// Changes of a block: up to 150, now and then none.
pub fn changes(seed: u64, height: u64) -> Vec<(Hash, Hash)> {
    let count = below(seed, height, 0, 151);
    let change = |index| (key(seed, below(seed, height, index, KEYS)), draw(seed + 1, height, index));
    let changes: BTreeMap<Hash, Hash> = (1..=count).map(change).collect();
    // In no order.
    let mut changes: Vec<_> = changes.into_iter().collect();
    changes.sort_by_key(|(_, value)| *value);
    changes
}

/// A history in memory, with the map at every height.
pub struct Reference {
    seed: u64,
    maps: Vec<Map>,
}

impl Reference {
    pub fn new(seed: u64) -> Self {
        Reference { seed, maps: vec![Map::new()] }
    }

    /// The map after the block at a height.
    pub fn at(&mut self, height: Height) -> &Map {
        while self.maps.len() as u64 <= height.0 {
            let next = self.maps.len() as u64;
            let mut map = self.maps.last().unwrap().clone();
            let changes = changes(self.seed, next);
            if !changes.is_empty() {
                let entries = changes.into_iter().chain([height_entry(Height(next))]);
                map.update(entries.map(|(key, value)| (key, Some(value))));
            }
            self.maps.push(map);
        }
        &self.maps[height.0 as usize]
    }

    pub fn root(&mut self, height: Height) -> Hash {
        self.at(height).root()
    }
}
