//! `theriac audit`: an organisation's whole database against the ledger.
//!
//! Trusted is the genesis alone. From it the chain in the database is checked and executed again; everything else is
//! compared with what that gives, or with the commitments that it anchors. Memory grows with packs (some 210 bytes
//! each), events (some 50) and leaves (nine), not with what is in them.

mod block;
mod chain;
pub mod derive;
mod event;
mod events;
mod feed;
pub mod finding;
mod known;
mod leaves;
mod outbox;
mod own;
mod parallel;
mod progress;
mod records;
mod refusals;
mod state;
pub mod summary;
mod tally;

use std::collections::BTreeMap;
use std::io::Write;

use ledger::trust::Voters;
use ledger::{Genesis, OrganisationId};
use store::audit::{AuditState, Extent, Snapshot};

use self::chain::Chain;
use self::events::Events;
use self::feed::Feed;
use self::finding::{Findings, What};
use self::outbox::Outbox;
use self::own::{BatchLeaves, Own, OwnBatches, unclaimed};
use self::progress::Progress;
use self::summary::{NOT_CHECKED, Summary};
use self::tally::Keys;
use crate::report::time_text;
use crate::unusable::Unusable;

/// What to audit, and how to say it.
#[derive(Debug, Clone)]
pub struct Audit<'a> {
    /// What the network started from.
    pub genesis: &'a Genesis,
    /// The database; may hold a password, which is never printed.
    pub database: &'a str,
    /// Whose it is, where its batches are not to tell.
    pub organisation: Option<u32>,
    /// Tells padding from events that are missing.
    pub padding_secret: Option<[u8; 32]>,
    /// Whether findings are JSON.
    pub json: bool,
    /// Most findings that are printed.
    pub findings_max: u64,
    /// Whether somebody looks on at a terminal.
    pub is_terminal: bool,
}

impl Audit<'_> {
    /// Audits, printing findings as they are found and progress besides. Returns what it came to.
    ///
    /// # Errors
    /// [`Unusable`] where the database cannot be read, or holds no ledger; or findings cannot be written.
    pub fn run(&self, out: &mut dyn Write, err: &mut dyn Write) -> Result<Summary, Unusable> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Unusable::Runtime)?;
        let mut findings = Findings::new(out, self.json, self.findings_max);
        let mut progress = Progress::new(err, self.is_terminal);
        let summary = runtime.block_on(self.all(&mut findings, &mut progress)).map_err(Unusable::Database)?;
        progress.end();
        match findings.failure() {
            Some(cause) => Err(Unusable::Write(cause)),
            None => summary.ok_or(Unusable::NoLedger),
        }
    }

    async fn all(
        &self,
        findings: &mut Findings<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Option<Summary>, store::Error> {
        let mut db = Snapshot::open(self.database).await?;
        let extent = db.extent().await?;
        let states = db.states().await?;
        let entries = db.entries().await?;
        if states.is_empty() && entries.is_empty() && extent.height == 0 {
            return Ok(None);
        }
        let mut rows = BTreeMap::new();
        let organisation = match self.organisation {
            None => db.own_organisation().await?.and_then(|id| u32::try_from(id).ok()),
            given => given,
        };
        let keys = Keys::default();
        let own = Own::of(organisation.map(OrganisationId));
        let mut chain = Chain::new(self.genesis, own, keys.clone());
        self.chain(&mut db, &mut chain, (extent, states.first()), findings, progress, &mut rows).await?;
        rows.insert("directory_entry", entries.len() as u64);
        rows.insert("node_state", states.len() as u64);
        if chain.stopped.is_none() {
            progress.begin("records", chain.records.len() as u64);
            rows.insert("status_record", state::records(&mut db, &mut chain, findings, progress).await?);
            progress.begin("history", 0);
            rows.insert(
                "status_history",
                state::changes(&mut db, &mut chain, &keys, findings, progress).await?,
            );
            state::entries(&entries, &chain, findings);
            state::node_state(&states, &chain, findings);
        }
        let (open, unjudged) =
            self.own(&mut db, &mut chain, (extent, &keys), findings, progress, &mut rows).await?;
        progress.begin("events of partners", 0);
        let first = self.genesis.validator_set();
        let voters = Voters::of_directory(chain.state.network, first, &chain.state.directory);
        let (events, epcs) = known::known(&mut db, voters.trust(), &keys, findings, progress).await?;
        rows.extend([("known_event", events), ("known_event_epc", epcs)]);
        db.close().await?;
        Ok(Some(self.summary(&chain, organisation, rows, (open, unjudged), findings)))
    }

    /// Blocks and batches.
    async fn chain(
        &self,
        db: &mut Snapshot,
        chain: &mut Chain,
        (extent, known): (Extent, Option<&AuditState>),
        findings: &mut Findings<'_>,
        progress: &mut Progress<'_>,
        rows: &mut BTreeMap<&'static str, u64>,
    ) -> Result<(), store::Error> {
        progress.begin("blocks", u64::try_from(extent.height).unwrap_or_default());
        let mut feed = Feed::new();
        loop {
            let chunk = feed.chunk(db).await?;
            if chunk.is_empty() {
                break;
            }
            progress.add(chunk.len() as u64);
            chain.take(chunk, findings);
        }
        for row in feed.above(db, ABOVE_MAX).await? {
            if known.is_none_or(|known| row.height > known.height) {
                findings.add("block_batch", chain::batch_row(&row), What::Added, "no block has this height");
            }
        }
        // A height alone may have been altered; with another hash than that of the last block it means that blocks are gone.
        if let Some(known) = known.filter(|known| *known.block_hash != chain.state.block.0)
            && let Ok(height) = u64::try_from(known.height)
        {
            chain.ends_before(height, findings);
        }
        rows.extend([("block", feed.blocks_read), ("block_batch", feed.batches_read)]);
        Ok(())
    }

    /// This organisation's own events, and their way to the ledger. Returns how many leaves and events are left open.
    async fn own(
        &self,
        db: &mut Snapshot,
        chain: &mut Chain,
        (extent, keys): (Extent, &Keys),
        findings: &mut Findings<'_>,
        progress: &mut Progress<'_>,
        rows: &mut BTreeMap<&'static str, u64>,
    ) -> Result<(u64, u64), store::Error> {
        let is_whole = chain.stopped.is_none();
        progress.begin("own batches", chain.own.batches.len() as u64);
        let mut batches = OwnBatches::new(&mut chain.own);
        db.own_batches(|row| batches.take(&row, findings)).await?;
        rows.insert("batch", batches.rows);
        let made = batches.end(findings);
        let mut leaves = BatchLeaves::new(&mut chain.own, keys);
        db.leaves(|row| leaves.take(&row, findings)).await?;
        rows.insert("batch_leaves", leaves.rows);
        let without = leaves.end(findings);
        // A batch that a restored database learned from the chain was made here at a time that nobody else knows.
        for sequence in made.iter().filter(|sequence| !without.contains(sequence)) {
            let detail = "the time is not the one at which the batch says that it was made";
            findings.add("batch", format!("sequence {sequence}"), What::Altered, detail);
        }
        let mut outbox = Outbox::new(&chain.own, keys);
        db.outbox(|row| outbox.take(row, findings)).await?;
        rows.insert("outbox", outbox.rows);
        let waiting = outbox.end(findings);
        let mut events = Events::new(&mut chain.own, &waiting, keys, is_whole);
        events.run(db, u64::try_from(extent.events).unwrap_or_default(), findings, progress).await?;
        rows.insert("event", events.seqs.len() as u64);
        rows.extend(events.rows.iter().map(|(table, count)| (*table, *count)));
        let (wanted, unjudged) = (std::mem::take(&mut events.wanted), events.unjudged);
        drop(events);
        if is_whole {
            rows.insert("update_refusal", refusals::refusals(db, &chain.own, &wanted, findings).await?);
        }
        Ok((unclaimed(&chain.own, self.padding_secret.as_ref(), keys, findings), unjudged))
    }

    fn summary(
        &self,
        chain: &Chain,
        organisation: Option<u32>,
        rows: BTreeMap<&'static str, u64>,
        (leaves_open, events_not_judged): (u64, u64),
        findings: &Findings<'_>,
    ) -> Summary {
        Summary {
            kind: "summary",
            agrees: findings.count() == 0,
            genesis: self.genesis.name.clone(),
            network: chain.state.network.to_string(),
            organisation,
            height: chain.head.map_or(0, |head| head.height),
            time: chain.head.map(|head| time_text(head.time_ms)),
            stopped_at: chain.stopped,
            events: rows.get("event").copied().unwrap_or_default(),
            rows,
            findings: findings.count(),
            findings_by_table: findings.by_table().clone(),
            findings_not_printed: findings.unprinted(),
            leaves_open,
            events_not_judged,
            not_checked: NOT_CHECKED.to_vec(),
        }
    }
}

/// Batches above the last block that are named.
const ABOVE_MAX: usize = 1_000;
