//! Step by step the same as the map in memory: roots, values, proofs; over reopening, going back, preparing.

use ledger::map::{height_entry, height_key};
use ledger::{Hash, Height};
use statusmap::{Error, StatusMap};

use crate::history::{KEYS, Reference, below, changes, draw, key, settings};

/// Some keys that may be there, some that are not, and the height's.
fn asked(seed: u64, height: u64) -> Vec<Hash> {
    let mut keys: Vec<Hash> = (0..11).map(|n| key(seed, below(seed, height, 1_000 + n, KEYS))).collect();
    keys.extend((0..3).map(|n| draw(seed, height, 2_000 + n)));
    keys.push(height_key());
    keys
}

fn same(map: &StatusMap, reference: &mut Reference, seed: u64, height: Height) {
    let expected = reference.at(height);
    assert_eq!(map.root().unwrap(), expected.root(), "at {height}");
    let keys = asked(seed, height.0);
    let proven = map.prove(&keys).unwrap();
    assert_eq!(proven.proof, expected.prove(&keys).unwrap(), "at {height}");
    assert_eq!(proven.root, expected.root());
    assert_eq!(proven.proof.verify(&expected.root(), &proven.entries), Ok(()));
    assert!(proven.entries.iter().all(|(key, value)| *value == expected.get(key)));
    assert!(keys.iter().all(|key| map.get(key).unwrap() == expected.get(key)));
    let told = expected.get(&height_key()).map_or(Height(0), |value| ledger::map::height_of(&value).unwrap());
    assert_eq!((map.height(), proven.height), (told, told));
}

/// A map on its way through a history.
struct Walk {
    map: StatusMap,
    seed: u64,
    height: Height,
    /// How many blocks the map can take back.
    reach: usize,
}

impl Walk {
    /// One step: to the next height, or a few back; which of it is drawn.
    fn step(&mut self, steps: u64) {
        let (seed, height, next) = (self.seed, self.height, self.height.next());
        match below(seed, steps, 3_000, 8) {
            0 if height.0 > 5 => return self.back(Height(height.0 - 1 - below(seed, steps, 3_001, 5))),
            // Prepared, and let go; then prepared, read, and committed.
            1 => {
                drop(self.map.prepare(next, &changes(seed + 7, next.0)).unwrap());
                let prepared = self.map.prepare(next, &changes(seed, next.0)).unwrap();
                let root = prepared.root();
                self.map.prove(&asked(seed, height.0)).unwrap();
                assert_eq!(self.map.commit(prepared).unwrap(), root);
            }
            _ => {
                self.map.apply(next, &changes(seed, next.0)).unwrap();
            }
        }
        let more = usize::from(!changes(seed, next.0).is_empty());
        self.reach = (self.reach + more).min(settings().rollback_blocks as usize);
        self.height = next;
    }

    fn back(&mut self, goal: Height) {
        let full = |height: &u64| !changes(self.seed, *height).is_empty();
        let blocks = (goal.0 + 1..=self.height.0).filter(full).count();
        if blocks > self.reach {
            assert!(matches!(self.map.rollback(blocks), Err(Error::TooFar { .. })));
            return;
        }
        self.map.rollback_to(goal).unwrap();
        self.reach -= blocks;
        self.height = goal;
    }
}

#[test]
fn the_map_on_disk_is_the_map_in_memory() {
    for seed in [1, 2, 3] {
        let folder = tempfile::tempdir().unwrap();
        let open = || StatusMap::open(folder.path(), settings()).unwrap();
        let mut reference = Reference::new(seed);
        let mut walk = Walk { map: open(), seed, height: Height(0), reach: 0 };
        same(&walk.map, &mut reference, seed, walk.height);
        for steps in 0..60 {
            walk.step(steps);
            same(&walk.map, &mut reference, seed, walk.height);
            if below(seed, steps, 4_000, 6) == 0 {
                let Walk { map, height, reach, .. } = walk;
                drop(map);
                walk = Walk { map: open(), seed, height, reach };
                same(&walk.map, &mut reference, seed, height);
            }
        }
        assert!(walk.height.0 > 15, "seed {seed} got to {}", walk.height);
    }
}

#[test]
fn the_way_back_ends_where_the_log_does() {
    let (seed, folder) = (4, tempfile::tempdir().unwrap());
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    let mut reference = Reference::new(seed);
    let full: Vec<u64> = (1..40).filter(|height| !changes(seed, *height).is_empty()).take(20).collect();
    for height in &full {
        map.apply(Height(*height), &changes(seed, *height)).unwrap();
    }
    let log = settings().rollback_blocks as usize;
    assert!(matches!(map.rollback(log + 1), Err(Error::TooFar { blocks }) if blocks == log + 1));
    assert_eq!(map.root().unwrap(), reference.root(Height(full[19])), "nothing was touched");
    let goal = Height(full[19 - log]);
    assert_eq!(map.rollback(log).unwrap(), goal);
    assert_eq!(map.root().unwrap(), reference.root(goal));
    assert!(matches!(map.rollback(1), Err(Error::TooFar { blocks: 1 })));
    // All of the log is used up; the map opens, and goes on.
    drop(map);
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!(map.root().unwrap(), reference.root(goal));
    for height in goal.0 + 1..=full[19] {
        map.apply(Height(height), &changes(seed, height)).unwrap();
    }
    assert_eq!(map.root().unwrap(), reference.root(Height(full[19])));
    assert_eq!(
        map.rollback_to(Height(0)).map_err(|error| error.to_string().contains("rebuild it")),
        Err(true)
    );
    assert_eq!(map.root().unwrap(), reference.root(map.height()), "as far as it goes");
}

#[test]
fn nothing_changed_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!((map.height(), map.root().unwrap()), (Height(0), Hash::ZERO));
    assert_eq!(map.apply(Height(1), &[]).unwrap(), Hash::ZERO);
    let root = map.apply(Height(2), &[(key(1, 1), key(1, 2))]).unwrap();
    assert_eq!(map.apply(Height(5), &[]).unwrap(), root);
    assert_eq!(map.height(), Height(2));
    // The same value again changes the root: the height is part of it.
    assert_ne!(map.apply(Height(6), &[(key(1, 1), key(1, 2))]).unwrap(), root);
    assert_eq!(map.height(), Height(6));
}

#[test]
fn changes_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    let one = [(key(1, 1), key(1, 2))];
    let root = map.apply(Height(3), &one).unwrap();
    for height in [0, 2, 3] {
        assert!(matches!(map.apply(Height(height), &one), Err(Error::Height { .. })));
        assert!(matches!(map.apply(Height(height), &[]), Err(Error::Height { .. })));
    }
    let twice = [(key(1, 1), key(1, 2)), (key(1, 3), key(1, 2)), (key(1, 1), key(1, 4))];
    assert!(matches!(map.apply(Height(4), &twice), Err(Error::Repeated(found)) if found == key(1, 1)));
    assert!(matches!(map.apply(Height(4), &[height_entry(Height(9))]), Err(Error::Reserved)));
    assert!(matches!(map.prove(&[]), Err(Error::Proof(_))));
    let many: Vec<Hash> = (0..17).map(|n| key(1, n)).collect();
    assert!(matches!(map.prove(&many), Err(Error::Proof(_))));
    assert_eq!(map.root().unwrap(), root);
}

#[test]
fn what_was_prepared_on_another_map_is_refused() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [mut map, mut other] =
        folders.each_ref().map(|folder| StatusMap::open(folder.path(), settings()).unwrap());
    let first = map.prepare(Height(1), &[(key(1, 1), key(1, 2))]).unwrap();
    let second = map.prepare(Height(1), &[(key(1, 1), key(1, 3))]).unwrap();
    assert!(matches!(other.commit(first), Err(Error::Outdated)), "another map with the same root");
    map.apply(Height(1), &[(key(1, 1), key(1, 4))]).unwrap();
    assert!(matches!(map.commit(second), Err(Error::Outdated)), "changed since");
    assert_eq!(map.get(&key(1, 1)).unwrap(), Some(key(1, 4)));
}

#[test]
fn a_table_too_small_grows() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    let (before, _) = map.table().unwrap();
    let entries: Vec<(Hash, Hash)> = (0..40_000).map(|n| (key(5, n), key(6, n))).collect();
    let mut reference = ledger::Map::new();
    for (height, some) in (1..).zip(entries.chunks(10_000)) {
        let root = map.apply(Height(height), some).unwrap();
        reference
            .update(some.iter().copied().chain([height_entry(Height(height))]).map(|(k, v)| (k, Some(v))));
        assert_eq!(root, reference.root());
    }
    let (after, used) = map.table().unwrap();
    assert!(after > before && used < after, "{before}, {after}, {used}");
    let back = map.rollback(1).unwrap();
    assert_eq!(back, Height(3), "the way back is there after growing");
    assert!(map.get(&entries[39_999].0).unwrap().is_none());
}
