//! A process that is killed while it writes. The child is this test's program, called again for one test by name.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use ledger::Height;
use statusmap::{Die, Settings, StatusMap};

use crate::history::{Reference, below, changes, key, settings};

const FOLDER: &str = "THERIAC_TEST_STATUSMAP_FOLDER";
const SEED: &str = "THERIAC_TEST_STATUSMAP_SEED";
const DIE: &str = "THERIAC_TEST_STATUSMAP_DIE";

fn child(folder: &Path, seed: u64, die: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_applies_until_it_dies", "--nocapture"])
        .env(FOLDER, folder)
        .env(SEED, seed.to_string())
        .env(DIE, die)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Called by itself it has no folder, and checks that a history is what its number says. As a child it applies block
/// after block, telling each height once it is committed, until somebody kills it or a commit dies.
#[test]
fn child_that_applies_until_it_dies() {
    let (Ok(folder), Ok(seed)) = (std::env::var(FOLDER), std::env::var(SEED)) else {
        assert_eq!(changes(1, 1), changes(1, 1));
        assert_ne!(changes(1, 1), changes(2, 1));
        return;
    };
    let seed: u64 = seed.parse().unwrap();
    let mut map = StatusMap::open(Path::new(&folder), settings()).unwrap();
    let mut height = map.height();
    let die = match std::env::var(DIE).as_deref() {
        Ok("before") => Some(Die::BeforeMeta),
        Ok("after") => Some(Die::AfterMeta),
        _ => None,
    };
    if die.is_some() {
        drop(map);
        map = StatusMap::open(Path::new(&folder), Settings { die, ..settings() }).unwrap();
    }
    loop {
        height = height.next();
        if map.apply(height, &changes(seed, height.0)).is_err() {
            std::process::abort();
        }
        // One write, so that no half line is ever read; a parent that is gone ends us.
        if std::io::stdout().write_all(format!("\nheight {height}\n").as_bytes()).is_err() {
            std::process::abort();
        }
    }
}

/// Heights that the child tells, as they come.
fn heights(out: ChildStdout) -> mpsc::Receiver<u64> {
    let (send, heights) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if let Some(height) = line.strip_prefix("height ").and_then(|height| height.parse().ok()) {
                let _ = send.send(height);
            }
        }
    });
    heights
}

/// What is on disk is one height's map, whole, no earlier than the last told and at most one later; and it goes on.
fn recovered(folder: &Path, seed: u64, told: u64, reference: &mut Reference) -> Height {
    let mut map = StatusMap::open(folder, settings()).unwrap();
    let height = map.height();
    assert_eq!(map.root().unwrap(), reference.root(height), "killed after {told}: neither before nor after");
    // Blocks without changes leave the height.
    let next = (told + 1..).find(|height| !changes(seed, *height).is_empty()).unwrap();
    let last = (1..=told).rev().find(|height| !changes(seed, *height).is_empty()).unwrap_or(0);
    assert!(height.0 == last || height.0 == next, "told {told}, found {height}");
    let keys: Vec<_> = (0..16).map(|n| key(seed, below(seed, told, n, 3_000))).collect();
    assert_eq!(map.prove(&keys).unwrap().proof, reference.at(height).prove(&keys).unwrap());
    // Back and on again: the log is whole too.
    let back = map.rollback(1).map_or(height, |back| back);
    assert_eq!(map.root().unwrap(), reference.root(back));
    for height in back.0 + 1..height.0 + 4 {
        map.apply(Height(height), &changes(seed, height)).unwrap();
        assert_eq!(map.root().unwrap(), reference.root(Height(height)));
    }
    map.height()
}

#[test]
fn a_killed_process_leaves_one_heights_map() {
    let (seed, folder) = (11, tempfile::tempdir().unwrap());
    let (mut reference, mut at_next) = (Reference::new(seed), 0);
    for round in 0..25 {
        let mut child = child(folder.path(), seed, "");
        let heights = heights(child.stdout.take().unwrap());
        let (blocks, micros) = (below(seed, round, 1, 12), below(seed, round, 2, 4_000));
        let mut told: Vec<u64> = heights.iter().take(blocks as usize).collect();
        // Somewhere in the next commits.
        while let Ok(height) = heights.recv_timeout(Duration::from_micros(micros)) {
            told.push(height);
            if told.len() > 2 * blocks as usize {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        told.extend(heights.iter());
        let before = StatusMap::open(folder.path(), settings()).unwrap().height().0;
        let told = told.last().copied().unwrap_or(before);
        at_next += u64::from(before > told);
        recovered(folder.path(), seed, told, &mut reference);
    }
    println!("a commit was on disk and not yet told in {at_next} of 25 rounds");
}

#[test]
fn a_commit_that_dies_counts_or_does_not() {
    for (die, counts) in [("before", false), ("after", true)] {
        let (seed, folder) = (12, tempfile::tempdir().unwrap());
        let mut reference = Reference::new(seed);
        let mut height = {
            let mut map = StatusMap::open(folder.path(), settings()).unwrap();
            map.apply(Height(1), &changes(seed, 1)).unwrap();
            map.height().0
        };
        for _ in 0..6 {
            let status = child(folder.path(), seed, die).wait().unwrap();
            assert!(!status.success());
            let next = (height + 1..).find(|height| !changes(seed, *height).is_empty()).unwrap();
            let expected = if counts { next } else { height };
            let map = StatusMap::open(folder.path(), settings()).unwrap();
            assert_eq!(map.height(), Height(expected), "{die}");
            drop(map);
            height = recovered(folder.path(), seed, expected, &mut reference).0;
        }
    }
}
