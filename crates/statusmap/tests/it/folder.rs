//! Who may have a folder, and how one map takes another's place.

use std::convert::Infallible;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::map::height_entry;
use ledger::{Hash, Height, Map};
use statusmap::{Error, Settings, StatusMap};

use crate::history::{key, settings};

fn entries(count: u64) -> Vec<(Hash, Hash)> {
    (0..count).map(|n| (key(9, n), key(10, n))).collect()
}

fn batches(count: u64) -> Vec<Result<Vec<(Hash, Hash)>, Infallible>> {
    entries(count).chunks(700).map(|batch| Ok(batch.to_vec())).collect()
}

fn root_of(count: u64, height: u64) -> Hash {
    entries(count).into_iter().chain([height_entry(Height(height))]).collect::<Map>().root()
}

#[test]
fn one_opener_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    let error = StatusMap::open(folder.path(), settings()).err().unwrap();
    assert!(matches!(error, Error::Locked { .. }) && error.to_string().contains("one process"), "{error}");
    let rebuilt = StatusMap::rebuild(folder.path(), settings(), batches(1), Height(1));
    assert!(matches!(rebuilt, Err(Error::Locked { .. })));
    drop(map);
    StatusMap::open(folder.path(), settings()).unwrap();
}

/// A child has its parent's open files from its birth until its program runs, and with them their locks.
#[test]
fn a_closed_map_is_free_though_children_are_being_born() {
    let (folder, over) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    Command::new("true").status().unwrap();
                }
            });
        }
        let failed = (0..300).find_map(|_| StatusMap::open(folder.path(), settings()).err());
        over.store(true, Ordering::Relaxed);
        assert!(failed.is_none(), "{failed:?}");
    });
}

#[test]
fn a_map_moves_between_threads() {
    fn moves<T: Send>() {}
    moves::<StatusMap>();
    moves::<statusmap::Prepared>();
}

#[test]
fn a_rebuilt_map_is_that_of_its_entries() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    map.apply(Height(1), &[(key(1, 1), key(1, 1))]).unwrap();
    drop(map);
    let mut map = StatusMap::rebuild(folder.path(), settings(), batches(5_000), Height(77)).unwrap();
    assert_eq!((map.height(), map.root().unwrap()), (Height(77), root_of(5_000, 77)));
    assert!(map.get(&key(1, 1)).unwrap().is_none(), "nothing is left of the old map");
    assert!(matches!(map.rollback(1), Err(Error::TooFar { .. })), "there is no way back behind it");
    map.apply(Height(78), &[(key(1, 1), key(1, 1))]).unwrap();
    assert_eq!(map.rollback(1).unwrap(), Height(77));
    drop(map);
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!(map.root().unwrap(), root_of(5_000, 77));
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["lock", "map"]);
}

#[test]
fn an_interrupted_rebuild_leaves_the_old_map() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    let root = map.apply(Height(4), &entries(300)).unwrap();
    drop(map);
    let broken = batches(2_000).into_iter().map(|batch| batch.map_err(drop));
    let broken = broken.map(|batch| batch.map_err(|()| "no entries")).chain([Err("the source is gone")]);
    let error = StatusMap::rebuild(folder.path(), settings(), broken, Height(9)).err().unwrap();
    assert!(matches!(error, Error::Entries(_)));
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!((map.height(), map.root().unwrap()), (Height(4), root));
    drop(map);
    // As a crash between the two renamings leaves it.
    let at = |name| folder.path().join(name);
    std::fs::rename(at("map"), at("previous")).unwrap();
    std::fs::create_dir(at("next")).unwrap();
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!((map.height(), map.root().unwrap()), (Height(4), root));
    drop(map);
    // As one after them.
    std::fs::create_dir(at("previous")).unwrap();
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!(map.root().unwrap(), root);
    assert!(!at("previous").exists() && !at("next").exists());
}

#[test]
fn a_half_made_map_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let next = folder.path().join("next");
    std::fs::create_dir(&next).unwrap();
    std::fs::write(next.join("meta"), b"NOMT").unwrap();
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert_eq!((map.height(), map.root().unwrap()), (Height(0), Hash::ZERO));
}

#[test]
fn more_keys_expected_grow_the_table_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let mut map = StatusMap::open(folder.path(), settings()).unwrap();
    let root = map.apply(Height(1), &entries(200)).unwrap();
    let (before, _) = map.table().unwrap();
    drop(map);
    let more = Settings { expected_keys: 1_000_000, ..settings() };
    let map = StatusMap::open(folder.path(), more).unwrap();
    assert!(map.table().unwrap().0 > before);
    assert_eq!(map.root().unwrap(), root);
    drop(map);
    let map = StatusMap::open(folder.path(), settings()).unwrap();
    assert!(map.table().unwrap().0 > before, "fewer do not shrink it");
    assert_eq!(map.root().unwrap(), root);
}
