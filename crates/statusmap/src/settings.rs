//! How a status map is opened.

use nomt::{Options, PanicOnSyncMode};

/// How a status map is opened. None of it reaches a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How many keys are expected: sizes the table of pages when the map is made, and grows it when more are expected
    /// than before. It also grows by itself, a little late.
    pub expected_keys: u64,
    /// How many blocks with changes can be taken back.
    pub rollback_blocks: u32,
    /// Mebibytes of memory for pages of the trie, and as many for leaves.
    pub cache_mib: usize,
    /// Threads that compute a commit, 1 or 2.
    pub commit_threads: usize,
    /// Where a commit dies on purpose.
    #[cfg(feature = "testing")]
    pub die: Option<Die>,
}

/// Where a commit dies on purpose, in tests.
#[cfg(feature = "testing")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Die {
    /// Once the log of pages is written, before the commit counts.
    BeforeMeta,
    /// Once the commit counts, before the table of pages is written.
    AfterMeta,
}

impl Default for Settings {
    /// For a million packs, 64 blocks back, twice 16 MiB of cache, one thread.
    fn default() -> Self {
        Settings {
            expected_keys: 1_000_000,
            rollback_blocks: 64,
            cache_mib: 16,
            commit_threads: 1,
            #[cfg(feature = "testing")]
            die: None,
        }
    }
}

impl Settings {
    /// NOMT's options for the files in `folder`, of which only a node's own process writes: with a way back or without.
    pub(crate) fn options(&self, folder: &std::path::Path, buckets: u32, rollback: bool) -> Options {
        let mut options = Options::new();
        options.path(folder);
        options.commit_concurrency(self.commit_threads.clamp(1, 2));
        options.io_workers(IO_WORKERS);
        options.hashtable_buckets(buckets);
        options.page_cache_size(self.cache_mib.max(1));
        options.leaf_cache_size(self.cache_mib.max(1));
        options.rollback(rollback);
        options.max_rollback_log_len(self.rollback_blocks.max(1));
        if let Some(mode) = self.dies() {
            options.panic_on_sync(mode);
        }
        options
    }

    #[cfg(feature = "testing")]
    fn dies(&self) -> Option<PanicOnSyncMode> {
        self.die.map(|die| match die {
            Die::BeforeMeta => PanicOnSyncMode::PostWal,
            Die::AfterMeta => PanicOnSyncMode::PostMeta,
        })
    }

    #[cfg(not(feature = "testing"))]
    fn dies(&self) -> Option<PanicOnSyncMode> {
        None
    }

    /// Pages of the table for the keys expected.
    pub(crate) fn buckets(&self) -> u32 {
        buckets(self.expected_keys)
    }
}

/// A worker spins while reads are under way, so one too many costs a core.
const IO_WORKERS: usize = 1;

/// Fewest pages of a table.
const BUCKETS_MIN: u64 = 1 << 10;
/// Most: 256 GiB.
const BUCKETS_MAX: u64 = 1 << 26;

/// Pages of the table for `keys` keys, with a third of it free.
///
/// A page holds six levels of the trie. Pages with fewer than 20 keys below them are not stored, so there are all of a
/// level where 20 keys and more are below each of its 64^level places on average, few where there are under 10, and
/// nearly none under 5.
fn buckets(keys: u64) -> u32 {
    let (keys, mut pages, mut places) = (keys.min(1 << 40), 0u64, 1u64);
    while keys / places > 0 {
        pages += match keys / places {
            10.. => places,
            5..10 => places / 16,
            _ => places / 1024,
        };
        places *= 64;
    }
    (pages + pages / 2).clamp(BUCKETS_MIN, BUCKETS_MAX) as u32
}

/// What a table of `buckets` pages grows to before `changes` more keys; nothing where a quarter of it stays free. A full
/// table would be searched for ever. A key brings a page where it is the twentieth below it, so at most one in ten does
/// when keys are digests, and room for every second is more than enough.
pub(crate) fn grown(buckets: usize, used: usize, changes: usize) -> Option<u32> {
    let needed = (used + changes / 2 + 64) as u64;
    let fits = |buckets: u64| needed <= buckets / 4 * 3;
    let mut grown = buckets as u64;
    while !fits(grown) && grown < BUCKETS_MAX {
        grown *= 2;
    }
    (grown > buckets as u64).then_some(grown.min(BUCKETS_MAX) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_sized_for_the_keys_expected() {
        assert_eq!(buckets(0), 1_024);
        assert_eq!(buckets(1_000_000), 6_625, "three levels, and a little of the fourth");
        assert_eq!(buckets(10_000_000), 399_457, "four levels");
        assert_eq!(buckets(u64::MAX), 1 << 26);
    }

    #[test]
    fn a_table_grows_before_it_is_full() {
        assert_eq!(grown(1_024, 100, 100), None);
        assert_eq!(grown(1_024, 500, 500), Some(2_048));
        assert_eq!(grown(1_024, 500, 10_000), Some(8_192));
        assert_eq!(grown(1 << 26, 1 << 26, 1), None);
    }
}
