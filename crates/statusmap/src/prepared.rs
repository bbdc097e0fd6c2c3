//! Changes computed, not yet written.

use ledger::map::{height_entry, height_key};
use ledger::{Hash, Height};
use nomt::{FinishedSession, KeyReadWrite, Nomt, SessionParams};

use crate::error::guarded;
use crate::hasher::Sha3Nodes;
use crate::{Cause, Error};

/// Changes of one block, computed and not written: commit them with [`crate::StatusMap::commit`], or let them go.
#[must_use = "nothing is written before the commit"]
pub struct Prepared {
    pub(crate) opening: u64,
    pub(crate) height: Height,
    pub(crate) base: Hash,
    root: Hash,
    /// None where nothing changes.
    pub(crate) finished: Option<FinishedSession>,
}

impl Prepared {
    /// Root of the map with these changes.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// Height of the block that they are of.
    pub fn height(&self) -> Height {
        self.height
    }

    pub(crate) fn nothing(opening: u64, height: Height, root: Hash) -> Prepared {
        Prepared { opening, height, base: root, root, finished: None }
    }

    pub(crate) fn finished(opening: u64, height: Height, finished: FinishedSession) -> Prepared {
        let (base, root) = (Hash(finished.prev_root().into_inner()), Hash(finished.root().into_inner()));
        Prepared { opening, height, base, root, finished: Some(finished) }
    }
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared")
            .field("height", &self.height)
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// Entries in the order of their keys, each key once and none the height's; with the height's entry, where it is given.
pub(crate) fn sorted(changes: &[(Hash, Hash)], height: Option<Height>) -> Result<Vec<(Hash, Hash)>, Error> {
    let reserved = height_key();
    if changes.iter().any(|(key, _)| *key == reserved) {
        return Err(Error::Reserved);
    }
    let mut entries: Vec<(Hash, Hash)> = changes.iter().copied().chain(height.map(height_entry)).collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    match entries.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Error::Repeated(pair[0].0)),
        None => Ok(entries),
    }
}

/// Has NOMT compute sorted entries' new root.
pub(crate) fn finish(nomt: &Nomt<Sha3Nodes>, entries: &[(Hash, Hash)]) -> Result<FinishedSession, Cause> {
    guarded(|| {
        let session = nomt.begin_session(SessionParams::default());
        for (key, _) in entries {
            session.preserve_prior_value(key.0);
        }
        let write = |(key, value): &(Hash, Hash)| (key.0, KeyReadWrite::Write(Some(value.0.to_vec())));
        session.finish(entries.iter().map(write).collect())
    })
}
