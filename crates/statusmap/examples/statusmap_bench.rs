//! `statusmap_bench KEYS...`: how fast a status map of so many keys is changed and proved, how large proofs and files are.
//!
//! No row is judged: figures are for comparing machines and changes. Files go to the system's folder for temporary ones.

use std::io::{Error, Result};
use std::path::Path;
use std::time::Instant;

use ledger::hash::TaggedHasher;
use ledger::{Canonical, Hash, Height};
use statusmap::{Settings, StatusMap};

/// Changes in one commit.
const BATCH: u64 = 10_000;
/// Commits measured once all keys are there.
const COMMITS: u64 = 20;
/// Proofs measured, of each size.
const PROOFS: u64 = 20_000;

fn main() -> Result<()> {
    let counts: Vec<u64> = std::env::args().skip(1).filter_map(|count| count.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![100_000] } else { counts };
    println!("{:<12} {:<46} {:>14}", "keys", "what", "figure");
    counts.into_iter().try_for_each(measured)
}

fn measured(keys: u64) -> Result<()> {
    let folder = std::env::temp_dir().join(format!("theriac-statusmap-{}-{keys}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let rows = rows(&folder, keys);
    std::fs::remove_dir_all(&folder)?;
    for (what, figure) in rows? {
        println!("{keys:<12} {what:<46} {figure:>14.1}");
    }
    Ok(())
}

fn digest(kind: u8, number: u64) -> Hash {
    TaggedHasher::new("theriac.bench.v1").fixed(&[kind]).fixed(&number.to_be_bytes()).finish()
}

/// A number below a bound, the same for the same draw.
fn below(draw: u64, bound: u64) -> u64 {
    let drawn = digest(2, draw);
    drawn.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes) % bound)
}

type Rows = Vec<(&'static str, f64)>;

fn rows(folder: &Path, keys: u64) -> Result<Rows> {
    let mut rows = Rows::new();
    let settings = Settings { expected_keys: keys, ..Settings::default() };
    let batches = (0..keys.div_ceil(BATCH)).map(|batch| {
        let numbers = batch * BATCH..keys.min((batch + 1) * BATCH);
        Ok::<_, Error>(numbers.map(|number| (digest(0, number), digest(1, number))).collect())
    });
    let started = Instant::now();
    let mut map = StatusMap::rebuild(folder, settings, batches, Height(1)).map_err(Error::other)?;
    rows.push(("rebuilt, keys a second", keys as f64 / started.elapsed().as_secs_f64()));
    rows.push(("bytes a key on disk, rebuilt", bytes(folder)? as f64 / keys as f64));
    changed(&mut map, keys, &mut rows)?;
    proved(&map, keys, &mut rows)?;
    rows.push(("bytes a key on disk, with the way back", bytes(folder)? as f64 / keys as f64));
    let (table, used) = map.table().map_err(Error::other)?;
    rows.push(("pages in the table, of which used", table as f64));
    rows.push(("", used as f64));
    drop(map);
    let started = Instant::now();
    let map = StatusMap::open(folder, settings).map_err(Error::other)?;
    rows.push(("opened, milliseconds", started.elapsed().as_secs_f64() * 1e3));
    drop(map);
    rows.push(("peak of memory, MiB", peak_mebibytes().unwrap_or(f64::NAN)));
    Ok(rows)
}

/// Commits of changes to random keys, then of single ones.
fn changed(map: &mut StatusMap, keys: u64, rows: &mut Rows) -> Result<()> {
    let mut took = Vec::new();
    for commit in 0..COMMITS {
        let drawn = (0..BATCH).map(|n| digest(0, below(commit * BATCH + n, keys)));
        let drawn: std::collections::BTreeSet<Hash> = drawn.collect();
        let changes: Vec<_> = drawn.into_iter().map(|key| (key, digest(3, commit))).collect();
        let started = Instant::now();
        map.apply(map.height().next(), &changes).map_err(Error::other)?;
        took.push((changes.len() as f64, started.elapsed().as_secs_f64()));
    }
    let (changes, seconds) = took.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    rows.push(("updates a second, 10,000 a commit", changes / seconds));
    rows.push(("commit of 10,000, milliseconds, mean", seconds * 1e3 / COMMITS as f64));
    rows.push((
        "commit of 10,000, milliseconds, longest",
        took.iter().fold(0.0, |most, one| one.1.max(most)) * 1e3,
    ));
    let started = Instant::now();
    for one in 0..100 {
        let change = [(digest(0, below(one, keys)), digest(4, one))];
        map.apply(map.height().next(), &change).map_err(Error::other)?;
    }
    rows.push(("commit of 1, milliseconds, mean", started.elapsed().as_secs_f64() * 10.0));
    Ok(())
}

/// Proofs of random keys that are there, and of one that is not.
fn proved(map: &StatusMap, keys: u64, rows: &mut Rows) -> Result<()> {
    let names = [
        (1, ["proofs of 1 key a second", "bytes, mean", "bytes, most"]),
        (4, ["proofs of 4 keys a second", "bytes, mean", "bytes, most"]),
    ];
    for (asked, [rate, mean, most]) in names {
        let (mut sum, mut largest) = (0, 0);
        let started = Instant::now();
        for proof in 0..PROOFS / asked {
            let keys: Vec<Hash> =
                (0..asked)
                    .map(|n| {
                        if (proof + n) % 10 == 9 {
                            digest(5, proof)
                        } else {
                            digest(0, below(proof + n, keys))
                        }
                    })
                    .collect();
            let bytes = map.prove(&keys).map_err(Error::other)?.proof.to_bytes().len();
            sum += bytes;
            largest = largest.max(bytes);
        }
        let proofs = (PROOFS / asked) as f64;
        rows.push((rate, proofs / started.elapsed().as_secs_f64()));
        rows.push((mean, sum as f64 / proofs));
        rows.push((most, largest as f64));
    }
    Ok(())
}

/// Bytes that a folder's files take on disk.
fn bytes(folder: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        sum += if kind.is_dir() { bytes(&entry.path())? } else { kind.blocks() * 512 };
    }
    Ok(sum)
}

/// The most memory that this process had, where the system tells it.
fn peak_mebibytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"))?;
    Some(peak.trim().parse::<f64>().ok()? / 1024.0)
}
