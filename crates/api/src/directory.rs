//! The directory as this process knows it: one copy in memory, replaced whole when a block changed it.
//!
//! The truth is in the database, where the node writes each block's entries. A follower reads them when it is told
//! that a block is final, and looks by itself every second.

use std::sync::Arc;
use std::time::Duration;

use ledger::directory::Entry;
use ledger::{Canonical as _, Directory, Height, Organisation, OrganisationId};
use store::directory_entry::DirectoryEntry;
use store::{PgConnection, PgPool};
use tokio::sync::watch;

use crate::limits::RETRY_AFTER_UNAVAILABLE_SECONDS;
use crate::problem::{Fault, Problem, ProblemType};

/// The directory after one block.
#[derive(Debug, Clone)]
pub struct DirectoryView {
    /// Who takes part, which products exist, what is stopped.
    pub directory: Arc<Directory>,
    /// The block up to which that is known; changes are checked up to here.
    pub height: Height,
    /// That block's time, milliseconds since the Unix epoch; 0 before the first block.
    pub block_time_ms: u64,
}

impl DirectoryView {
    /// Whether the newest block is older than blocks get while this service reaches the ledger.
    #[must_use]
    pub fn is_outdated(&self, now_ms: u64, block_age_ms_max: u64) -> bool {
        now_ms.saturating_sub(self.block_time_ms) > block_age_ms_max
    }

    /// The organisation with this number.
    ///
    /// # Errors
    /// `internal` when the directory does not know it: the service is configured for another network.
    pub fn own(&self, id: u32) -> Result<&Organisation, Problem> {
        let own = self.directory.organisation(OrganisationId(id));
        own.ok_or_else(|| Problem::internal("the configured organisation is not in the directory"))
    }
}

/// The newest [`DirectoryView`]. Clones share it.
#[derive(Debug, Clone)]
pub struct SharedDirectory(Arc<watch::Sender<Option<Arc<DirectoryView>>>>);

impl Default for SharedDirectory {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl SharedDirectory {
    /// The newest view.
    ///
    /// # Errors
    /// `not-ready` before the first one was read: the node has not written its genesis yet, or the database was
    /// never reached.
    pub fn current(&self) -> Result<Arc<DirectoryView>, Problem> {
        self.0.borrow().clone().ok_or_else(|| {
            Problem::new(ProblemType::NotReady)
                .with_fault(Fault::new("starting", "the directory was not read yet"))
                .retry_after(RETRY_AFTER_UNAVAILABLE_SECONDS)
        })
    }

    /// Waits until a view fulfils `wanted`, at most `patience`. `None` when none did.
    pub async fn wait_for(
        &self,
        patience: Duration,
        wanted: impl Fn(&DirectoryView) -> bool,
    ) -> Option<Arc<DirectoryView>> {
        let mut views = self.0.subscribe();
        let found = views.wait_for(|view| view.as_deref().is_some_and(&wanted));
        match tokio::time::timeout(patience, found).await {
            Ok(Ok(view)) => view.clone(),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Reads what changed since the view that there is, or everything the first time.
    ///
    /// # Errors
    /// What the store fails with; `internal` for entries that do not decode.
    pub async fn refresh(&self, pool: &PgPool) -> Result<(), Problem> {
        let mut conn = pool.acquire().await.map_err(store::Error::from)?;
        let known = self.0.borrow().clone();
        // The height first: entries read after it are at least as new, so `height` never promises too much.
        let Some(head) = store::node_state::head(&mut conn).await? else { return Ok(()) };
        let (height, block_time_ms) = (Height(head.height), head.time_ms.unwrap_or_default());
        if known.as_ref().is_some_and(|view| view.height >= height) {
            return Ok(());
        }
        let directory = match known {
            None => Arc::new(whole(&mut conn).await?),
            Some(view) => changed(&mut conn, &view).await?,
        };
        self.0.send_replace(Some(Arc::new(DirectoryView { directory, height, block_time_ms })));
        Ok(())
    }
}

async fn whole(conn: &mut PgConnection) -> Result<Directory, Problem> {
    let entries = decode(&store::directory_entry::all(conn).await?)?;
    let rules = entries.iter().find_map(|entry| match entry {
        Entry::Rules(rules) => Some(rules.clone()),
        _ => None,
    });
    let validators = entries.iter().find_map(|entry| match entry {
        Entry::Validators(validators) => Some(validators.clone()),
        _ => None,
    });
    let (Some(rules), Some(validators)) = (rules, validators) else {
        return Err(Problem::internal("the stored directory has no rules or no validators"));
    };
    Ok(Directory::of(entries, rules, validators))
}

async fn changed(conn: &mut PgConnection, view: &DirectoryView) -> Result<Arc<Directory>, Problem> {
    let entries = decode(&store::directory_entry::changed_after(conn, view.height.0).await?)?;
    if entries.is_empty() {
        return Ok(Arc::clone(&view.directory));
    }
    let mut directory = Directory::clone(&view.directory);
    entries.into_iter().for_each(|entry| directory.put(entry));
    Ok(Arc::new(directory))
}

fn decode(rows: &[DirectoryEntry]) -> Result<Vec<Entry>, Problem> {
    rows.iter().map(|row| Entry::from_bytes(&row.body).map_err(Problem::internal)).collect()
}
