//! Every pack's record while the chain is executed again, small enough for many millions of them.

use std::collections::{BTreeMap, HashMap};

use ledger::{Canonical, Hash, StatusRecord};

/// Records in canonical form: some 210 bytes each with everything around them.
#[derive(Debug, Default)]
pub struct Records(HashMap<Hash, Box<[u8]>>);

impl Records {
    /// The records of these keys, as far as there are any.
    pub fn of(&self, keys: &[Hash]) -> BTreeMap<Hash, StatusRecord> {
        let one = |key: &Hash| Some((*key, StatusRecord::from_bytes(self.0.get(key)?).ok()?));
        keys.iter().filter_map(one).collect()
    }

    /// Takes what a block changed.
    pub fn put(&mut self, changed: &BTreeMap<Hash, StatusRecord>) {
        for (key, record) in changed {
            self.0.insert(*key, record.to_bytes().into_boxed_slice());
        }
    }

    /// Takes a record out.
    pub fn remove(&mut self, key: &Hash) -> Option<Box<[u8]>> {
        self.0.remove(key)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys that are left, in order.
    pub fn left(&self) -> Vec<Hash> {
        let mut keys: Vec<Hash> = self.0.keys().copied().collect();
        keys.sort_unstable();
        keys
    }
}
