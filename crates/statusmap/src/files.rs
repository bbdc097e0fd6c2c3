//! The folder of a status map: its lock, the map in it, and how one map takes another's place.
//!
//! | In the folder | What |
//! |---|---|
//! | `lock` | held by the process that has the map open |
//! | `map/` | NOMT's files |
//! | `next/` | a map being made, of no meaning until it takes the place of `map` |
//! | `previous/` | the map whose place was taken, until it is removed |

use std::fs::{self, File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::Error;

const PAGE_BYTES: u64 = 4096;

/// A folder that is ours alone as long as this lives.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder where it is not, locks it, and clears away what a crash left.
    pub(crate) fn lock(path: &Path) -> Result<Folder, Error> {
        fs::create_dir_all(path).map_err(Error::io("make", path))?;
        let file = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&file);
        let lock = lock.map_err(Error::io("open", &file))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { folder: path.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", &file)(error)),
        }
        let folder = Folder { path: path.to_path_buf(), lock };
        folder.settle()?;
        Ok(folder)
    }

    pub(crate) fn map(&self) -> PathBuf {
        self.path.join("map")
    }

    pub(crate) fn next(&self) -> PathBuf {
        self.path.join("next")
    }

    fn previous(&self) -> PathBuf {
        self.path.join("previous")
    }

    /// A crash while `next` took the place of `map` leaves the old map as `previous`: it goes back.
    fn settle(&self) -> Result<(), Error> {
        if !self.map().exists() && self.previous().exists() {
            rename(&self.previous(), &self.map())?;
        }
        remove(&self.previous())?;
        remove(&self.next())
    }

    /// Puts `next` in the place of `map`. Before the second renaming there is the old map, after it the new one.
    pub(crate) fn replace(&self) -> Result<(), Error> {
        self.sync()?;
        if self.map().exists() {
            rename(&self.map(), &self.previous())?;
        }
        rename(&self.next(), &self.map())?;
        self.sync()?;
        remove(&self.previous())
    }

    fn sync(&self) -> Result<(), Error> {
        let synced = File::open(&self.path).and_then(|folder| folder.sync_all());
        synced.map_err(Error::io("write", &self.path))
    }
}

impl Drop for Folder {
    /// Closing the file is not enough: a child that is being born has it open too until its program runs.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(Error::io("rename", from))
}

pub(crate) fn remove(folder: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", folder)(error)),
        _ => Ok(()),
    }
}

/// Looks at what NOMT relies on without looking: files of whole pages (it would wait for the rest of a page for ever),
/// and as long as the first page of `meta` says (beyond the end it would read zeros).
pub(crate) fn check(map: &Path) -> Result<(), Error> {
    let mut pages = [0; 3];
    for (pages, name) in pages.iter_mut().zip(["ln", "bbn", "meta"]) {
        let file = map.join(name);
        let length = fs::metadata(&file).map_err(|error| Error::damaged(format!("{name}: {error}")))?.len();
        if length % PAGE_BYTES != 0 {
            return Err(Error::damaged(format!("{name} ends inside a page")));
        }
        *pages = length / PAGE_BYTES;
    }
    let [leaves, branches, _] = pages;
    let mut meta = [0; 64];
    let file = map.join("meta");
    let read = File::open(&file).and_then(|mut file| file.read_exact(&mut meta));
    read.map_err(|error| Error::damaged(format!("meta: {error}")))?;
    // Eight numbers of four bytes, the lower bytes first: magic, version, then these four.
    let [_, _, leaves_free, leaves_end, branches_free, branches_end, ..] = words(&meta);
    let fits = |free: u32, end: u32, pages: u64| free < end.max(1) && u64::from(end) <= pages.max(1);
    if fits(leaves_free, leaves_end, leaves) && fits(branches_free, branches_end, branches) {
        Ok(())
    } else {
        Err(Error::damaged("files are shorter than meta says"))
    }
}

fn words(meta: &[u8; 64]) -> [u32; 16] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(meta.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    words
}

/// Whether this process may use io_uring as NOMT does. Where it may not, NOMT would wait for its workers for ever.
#[cfg(target_os = "linux")]
pub(crate) fn io_uring() -> Result<(), Error> {
    let ring = io_uring::IoUring::<io_uring::squeue::Entry, io_uring::cqueue::Entry>::builder()
        .setup_single_issuer()
        .build(1024);
    ring.map(drop).map_err(Error::IoUring)
}

/// Elsewhere NOMT reads and writes with threads.
#[cfg(not(target_os = "linux"))]
pub(crate) fn io_uring() -> Result<(), Error> {
    Ok(())
}
