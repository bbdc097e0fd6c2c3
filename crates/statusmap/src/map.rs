//! The map: opened, read, proved, changed, taken back.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::map::{MapPath, height_key, height_of};
use ledger::{Hash, Height, MapProof};
use nomt::proof::PathProofTerminal;
use nomt::{Nomt, Session, SessionParams};

use crate::error::guarded;
use crate::files::{self, Folder};
use crate::hasher::Sha3Nodes;
use crate::prepared::{finish, sorted};
use crate::settings::grown;
use crate::{Cause, Error, Prepared, Settings};

/// What a map has, or has not, under some keys, with the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Root of the map.
    pub root: Hash,
    /// Height of the map.
    pub height: Height,
    /// The keys in ascending order, each once, with its value where the map has it.
    pub entries: Vec<(Hash, Option<Hash>)>,
    /// Proof of these entries under this root.
    pub proof: MapProof,
}

/// A status map on disk. Everything blocks; what is committed is on disk.
pub struct StatusMap {
    // What reads since the last commit go through: opening one costs more than a proof. It would block a commit, which
    // therefore ends it first. Before `nomt`, so that it is dropped before it.
    reader: OnceLock<Session<Sha3Nodes>>,
    // None between closing and opening again.
    nomt: Option<Nomt<Sha3Nodes>>,
    folder: Folder,
    settings: Settings,
    height: Height,
    failed: bool,
    // Which opening of which map this is: no other may commit what was prepared here.
    opening: u64,
}

static OPENINGS: AtomicU64 = AtomicU64::new(0);

impl StatusMap {
    /// Opens the map in a folder, or makes one of nothing at height 0.
    ///
    /// # Errors
    /// [`Error::IoUring`], [`Error::Locked`], [`Error::Io`]; [`Error::Damaged`] where the files are not a map's, as far
    /// as opening shows: compare [`StatusMap::root`] with the chain's for the rest.
    pub fn open(folder: &Path, settings: Settings) -> Result<StatusMap, Error> {
        files::io_uring()?;
        StatusMap::within(Folder::lock(folder)?, settings)
    }

    /// Opens the map in a folder that is locked already.
    pub(crate) fn within(folder: Folder, settings: Settings) -> Result<StatusMap, Error> {
        if !folder.map().exists() {
            drop(create(&folder, &settings)?);
            folder.replace()?;
        }
        let mut map = StatusMap {
            reader: OnceLock::new(),
            nomt: None,
            folder,
            settings,
            height: Height(0),
            failed: false,
            opening: 0,
        };
        map.load(settings.buckets())?;
        Ok(map)
    }

    /// Opens NOMT's files, with a table of at least so many pages.
    fn load(&mut self, buckets: u32) -> Result<(), Error> {
        let (path, settings) = (self.folder.map(), self.settings);
        files::check(&path)?;
        let open = || guarded(|| Nomt::open(settings.options(&path, buckets, true))).map_err(Error::Damaged);
        let mut nomt = open()?;
        if nomt.hash_table_utilization().capacity < buckets as usize {
            drop(nomt);
            guarded(|| nomt::grow_hashtable(&settings.options(&path, buckets, true)))
                .map_err(Error::Damaged)?;
            nomt = open()?;
        }
        self.height = read_height(&nomt)?;
        self.opening = OPENINGS.fetch_add(1, Ordering::Relaxed);
        self.nomt = Some(nomt);
        // The way of the height, from the root down, must hash to the root.
        self.prove(&[height_key()]).map(drop)
    }

    /// Grows the table of pages before it gets full.
    fn make_room(&mut self, changes: usize) -> Result<(), Error> {
        let used = self.nomt()?.hash_table_utilization();
        let Some(buckets) = grown(used.capacity, used.occupied, changes) else { return Ok(()) };
        tracing::info!(map.buckets = buckets, map.used = used.occupied, "the status map's table grows");
        self.reader = OnceLock::new();
        self.nomt = None;
        self.load(buckets)
    }

    /// NOMT, while nothing has failed.
    fn nomt(&self) -> Result<&Nomt<Sha3Nodes>, Error> {
        match &self.nomt {
            Some(nomt) if !self.failed && !nomt.is_poisoned() => Ok(nomt),
            _ => Err(Error::Poisoned),
        }
    }

    /// Height of the last block whose changes are in the map; 0 where there are none.
    pub fn height(&self) -> Height {
        self.height
    }

    /// The root.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn root(&self) -> Result<Hash, Error> {
        Ok(Hash(self.nomt()?.root().into_inner()))
    }

    /// Value of a key, as the files say; [`StatusMap::prove`] checks it against the root.
    ///
    /// # Errors
    /// [`Error::Poisoned`], [`Error::Damaged`].
    pub fn get(&self, key: &Hash) -> Result<Option<Hash>, Error> {
        let nomt = self.nomt()?;
        guarded(|| value_of(self.reader.get_or_init(|| session(nomt)), key)).map_err(Error::Damaged)
    }

    /// Proof of what the map has, or has not, under up to 16 keys, in whatever order they are given.
    ///
    /// # Errors
    /// [`Error::Proof`] for too many keys or none; [`Error::Damaged`] where what is on disk does not lead to the root.
    pub fn prove(&self, keys: &[Hash]) -> Result<Proven, Error> {
        let nomt = self.nomt()?;
        let (root, paths) =
            guarded(|| paths(self.reader.get_or_init(|| session(nomt)), keys)).map_err(Error::Damaged)?;
        let value = |(key, path): &(Hash, MapPath)| {
            (*key, path.terminal.and_then(|(found, value)| (found == *key).then_some(value)))
        };
        let mut entries: Vec<_> = paths.iter().map(value).collect();
        entries.sort_unstable();
        entries.dedup();
        let proof = MapProof::from_paths(paths).map_err(Error::Proof)?;
        proof.verify(&root, &entries).map_err(Error::damaged)?;
        Ok(Proven { root, height: self.height, entries, proof })
    }

    /// Computes what a block's changes lead to, and writes nothing yet: its caller may commit elsewhere in between.
    /// Nothing changed gives the same root, and leaves the height.
    ///
    /// # Errors
    /// [`Error::Height`] unless the block is above the map; [`Error::Repeated`], [`Error::Reserved`],
    /// [`Error::Damaged`], [`Error::Poisoned`].
    pub fn prepare(&mut self, height: Height, changes: &[(Hash, Hash)]) -> Result<Prepared, Error> {
        if height <= self.height {
            return Err(Error::Height { found: self.height, given: height });
        }
        if changes.is_empty() {
            return Ok(Prepared::nothing(self.opening, height, self.root()?));
        }
        let entries = sorted(changes, Some(height))?;
        self.make_room(entries.len())?;
        match finish(self.nomt()?, &entries) {
            Ok(finished) => Ok(Prepared::finished(self.opening, height, finished)),
            Err(cause) => {
                self.failed = true;
                Err(Error::Damaged(cause))
            }
        }
    }

    /// Writes prepared changes: all of them and their height, or, where a crash comes first, nothing.
    ///
    /// # Errors
    /// [`Error::Outdated`] where the map is another, or opened again, since they were prepared; [`Error::Failed`], after which only
    /// opening the map again tells whether they are in it.
    pub fn commit(&mut self, prepared: Prepared) -> Result<Hash, Error> {
        if self.root()? != prepared.base || self.opening != prepared.opening {
            return Err(Error::Outdated);
        }
        let (height, root) = (prepared.height, prepared.root());
        if let Some(finished) = prepared.finished {
            self.reader = OnceLock::new();
            let nomt = self.nomt()?;
            let written = guarded(|| finished.commit(nomt));
            self.written(written)?;
            self.height = height;
        }
        Ok(root)
    }

    /// [`StatusMap::prepare`] and [`StatusMap::commit`] in one; returns the new root.
    ///
    /// # Errors
    /// Those of both.
    pub fn apply(&mut self, height: Height, changes: &[(Hash, Hash)]) -> Result<Hash, Error> {
        let prepared = self.prepare(height, changes)?;
        self.commit(prepared)
    }

    /// Takes back the last so many blocks that changed something, all at once.
    ///
    /// # Errors
    /// [`Error::TooFar`], and nothing has changed; [`Error::Failed`].
    pub fn rollback(&mut self, blocks: usize) -> Result<Height, Error> {
        self.reader = OnceLock::new();
        let nomt = self.nomt()?;
        let before = nomt.root();
        let taken = guarded(|| nomt.rollback(blocks));
        // NOMT says that its log is too short in words only; nothing was touched then.
        let untouched = !nomt.is_poisoned() && nomt.root() == before;
        match taken {
            Err(cause) if untouched && cause.to_string().contains("not enough logged") => {
                return Err(Error::TooFar { blocks });
            }
            taken => self.written(taken)?,
        }
        self.height = read_height(self.nomt()?)?;
        Ok(self.height)
    }

    /// Takes back block after block until none above `height` is left.
    ///
    /// # Errors
    /// As [`StatusMap::rollback`]; the map is then at the lowest height that it reaches.
    pub fn rollback_to(&mut self, height: Height) -> Result<Height, Error> {
        while self.height > height {
            self.rollback(1)?;
        }
        Ok(self.height)
    }

    fn written(&mut self, written: Result<(), Cause>) -> Result<(), Error> {
        self.failed = written.is_err();
        written.map_err(Error::Failed)
    }

    /// How many pages the table of pages has, and how many of them are in use.
    ///
    /// # Errors
    /// [`Error::Poisoned`].
    pub fn table(&self) -> Result<(usize, usize), Error> {
        let used = self.nomt()?.hash_table_utilization();
        Ok((used.capacity, used.occupied))
    }
}

/// Makes an empty map in `next`.
pub(crate) fn create(folder: &Folder, settings: &Settings) -> Result<Nomt<Sha3Nodes>, Error> {
    let (next, buckets) = (folder.next(), settings.buckets());
    files::remove(&next)?;
    guarded(|| Nomt::open(settings.options(&next, buckets, false))).map_err(Error::Failed)
}

fn session(nomt: &Nomt<Sha3Nodes>) -> Session<Sha3Nodes> {
    nomt.begin_session(SessionParams::default())
}

fn value_of(session: &Session<Sha3Nodes>, key: &Hash) -> Result<Option<Hash>, Cause> {
    let Some(value) = session.read(key.0)? else { return Ok(None) };
    let value = value.try_into().map_err(|_| "a value that is not 32 bytes")?;
    Ok(Some(Hash(value)))
}

fn read_height(nomt: &Nomt<Sha3Nodes>) -> Result<Height, Error> {
    let value = guarded(|| value_of(&session(nomt), &height_key())).map_err(Error::Damaged)?;
    match value {
        None => Ok(Height(0)),
        Some(value) => height_of(&value).ok_or_else(|| Error::damaged("the height is none")),
    }
}

/// The root, and the way of each key.
fn paths(session: &Session<Sha3Nodes>, keys: &[Hash]) -> Result<(Hash, Vec<(Hash, MapPath)>), Cause> {
    let mut paths = Vec::with_capacity(keys.len());
    for key in keys {
        let found = session.prove(key.0)?;
        let terminal = match found.terminal {
            PathProofTerminal::Leaf(leaf) => Some((Hash(leaf.key_path), Hash(leaf.value_hash))),
            PathProofTerminal::Terminator(_) => None,
        };
        paths.push((*key, MapPath { terminal, siblings: found.siblings.into_iter().map(Hash).collect() }));
    }
    Ok((Hash(session.prev_root().into_inner()), paths))
}
