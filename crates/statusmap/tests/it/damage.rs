//! Damaged files: an error, or the map as it was; never a panic of the caller's thread, never another value.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use ledger::Height;
use statusmap::{Error, StatusMap};

use crate::history::{Reference, below, changes, key, settings};

const SEED: u64 = 21;
const HEIGHT: u64 = 30;

fn written(folder: &Path) {
    let mut map = StatusMap::open(folder, settings()).unwrap();
    for height in 1..=HEIGHT {
        map.apply(Height(height), &changes(SEED, height)).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What came of opening a damaged map, reading and changing it.
#[derive(Debug, PartialEq)]
enum Seen {
    Refused(String),
    Whole,
    AnotherRoot,
}

/// Opens, proves and changes; in a thread of its own, which must end by itself and without a panic.
fn look(folder: PathBuf) -> Seen {
    let (send, seen) = mpsc::channel();
    let thread = std::thread::spawn(move || send.send(looked(&folder)));
    let seen = seen.recv_timeout(Duration::from_secs(60)).expect("it ends, and does not panic");
    thread.join().unwrap().unwrap();
    seen
}

fn looked(folder: &Path) -> Seen {
    let mut reference = Reference::new(SEED);
    let refused = |error: Error| Seen::Refused(format!("{error:?}"));
    let mut map = match StatusMap::open(folder, settings()) {
        Ok(map) => map,
        Err(error) => return refused(error),
    };
    if map.root().unwrap() != reference.root(Height(HEIGHT)) {
        return Seen::AnotherRoot;
    }
    for draw in 0..40 {
        let keys: Vec<_> = (0..8).map(|n| key(SEED, below(SEED, draw, n, 3_000))).collect();
        match map.prove(&keys) {
            Ok(proven) => assert!(
                proven.entries.iter().all(|(key, value)| *value == reference.at(Height(HEIGHT)).get(key)),
                "a proof of what is not so"
            ),
            Err(error) => return refused(error),
        }
    }
    match map.apply(Height(HEIGHT + 1), &changes(SEED, HEIGHT + 1)) {
        Ok(root) if root == reference.root(Height(HEIGHT + 1)) => Seen::Whole,
        Ok(_) => Seen::AnotherRoot,
        Err(error) => refused(error),
    }
}

#[test]
fn files_cut_short_are_refused() {
    let original = tempfile::tempdir().unwrap();
    written(original.path());
    for name in ["meta", "ht", "ln", "bbn"] {
        for keep in [0, 1, 2, 3] {
            let folder = tempfile::tempdir().unwrap();
            copy(original.path(), folder.path());
            let file = fs::File::options().write(true).open(folder.path().join("map").join(name)).unwrap();
            let length = file.metadata().unwrap().len();
            // Nothing, one byte, one page, all but a byte.
            file.set_len([0, 1, 4096, length - 1][keep].min(length - 1)).unwrap();
            drop(file);
            let seen = look(folder.path().to_path_buf());
            assert!(
                matches!(&seen, Seen::Refused(error) if error.contains("Damaged")),
                "{name} {keep}: {seen:?}"
            );
        }
    }
    for name in ["meta", "ht", "ln", "bbn"] {
        let folder = tempfile::tempdir().unwrap();
        copy(original.path(), folder.path());
        fs::remove_file(folder.path().join("map").join(name)).unwrap();
        let seen = look(folder.path().to_path_buf());
        assert!(matches!(&seen, Seen::Refused(error) if error.contains("Damaged")), "no {name}: {seen:?}");
    }
}

#[test]
fn flipped_bytes_prove_nothing_false() {
    let original = tempfile::tempdir().unwrap();
    written(original.path());
    let (mut refused, mut whole, mut other) = (0, 0, 0);
    for name in ["meta", "ht", "ln", "bbn"] {
        for draw in 0..16 {
            let folder = tempfile::tempdir().unwrap();
            copy(original.path(), folder.path());
            let file = folder.path().join("map").join(name);
            let mut bytes = fs::read(&file).unwrap();
            // Among the bytes that are not zero: the rest is mostly unused.
            let used: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
            let at = used[below(SEED, draw, 9_000, used.len() as u64) as usize];
            bytes[at] ^= 1 << below(SEED, draw, 9_001, 8);
            fs::write(&file, bytes).unwrap();
            match look(folder.path().to_path_buf()) {
                Seen::Refused(_) => refused += 1,
                Seen::Whole => whole += 1,
                Seen::AnotherRoot => other += 1,
            }
        }
    }
    println!("bits flipped: {refused} refused, {whole} not in use, {other} another root");
    assert!(refused + other > 0 && refused + whole + other == 64);
}
