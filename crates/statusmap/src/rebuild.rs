//! A map made anew from all its entries.

use std::path::Path;

use ledger::map::height_entry;
use ledger::{Hash, Height};
use nomt::Nomt;

use crate::error::guarded;
use crate::files::{self, Folder};
use crate::hasher::Sha3Nodes;
use crate::map::create;
use crate::prepared::{finish, sorted};
use crate::settings::grown;
use crate::{Cause, Error, Settings, StatusMap};

impl StatusMap {
    /// Makes the map of these entries at a height, and puts it in the place of the one in the folder, if there is one.
    /// Of the old map nothing is read. A crash leaves the old map or none until the new one is whole, and never a part.
    ///
    /// Entries come in batches, each a commit; a key that comes in two batches has the later's value. There is no way
    /// back behind a rebuilt map.
    ///
    /// # Errors
    /// As [`StatusMap::open`]; [`Error::Entries`] where a batch is an error; [`Error::Repeated`] within a batch,
    /// [`Error::Reserved`].
    pub fn rebuild<E: Into<Cause>>(
        folder: &Path,
        settings: Settings,
        batches: impl IntoIterator<Item = Result<Vec<(Hash, Hash)>, E>>,
        height: Height,
    ) -> Result<StatusMap, Error> {
        files::io_uring()?;
        let folder = Folder::lock(folder)?;
        let mut nomt = create(&folder, &settings)?;
        for batch in batches {
            let entries = sorted(&batch.map_err(|error| Error::Entries(error.into()))?, None)?;
            nomt = with_room(nomt, &folder, &settings, entries.len())?;
            write(&nomt, &entries)?;
        }
        if height > Height(0) {
            write(&nomt, &[height_entry(height)])?;
        }
        drop(nomt);
        folder.replace()?;
        StatusMap::within(folder, settings)
    }
}

fn write(nomt: &Nomt<Sha3Nodes>, entries: &[(Hash, Hash)]) -> Result<(), Error> {
    let finished = finish(nomt, entries).map_err(Error::Failed)?;
    guarded(|| finished.commit(nomt)).map_err(Error::Failed)
}

fn with_room(
    nomt: Nomt<Sha3Nodes>,
    folder: &Folder,
    settings: &Settings,
    changes: usize,
) -> Result<Nomt<Sha3Nodes>, Error> {
    let used = nomt.hash_table_utilization();
    let Some(buckets) = grown(used.capacity, used.occupied, changes) else { return Ok(nomt) };
    drop(nomt);
    let options = || settings.options(&folder.next(), buckets, false);
    guarded(|| nomt::grow_hashtable(&options())).map_err(Error::Failed)?;
    guarded(|| Nomt::open(options())).map_err(Error::Failed)
}
