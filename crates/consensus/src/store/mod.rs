//! What must survive a crash: every proposal with its payload before the engine hears of it, every decision
//! before the engine may go on. One append-only log in segments, the payload written once: a decision refers to
//! the proposal before it.
//!
//! `meta` says whose folder it is, `lock` is held while the node runs, `00…1.log` and `00…1.idx` are the segment
//! that begins with height 1 and its index, `wal/` is the engine's.

mod folder;
mod frame;
mod segment;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger::{Canonical as _, Certificate};

pub(crate) use folder::{Folder, Role};
use frame::Kind;
use segment::{Entry, Segment};

use crate::codec::{Message as _, Reader, Writer};
use crate::config::History;
use crate::context::engine::Round;
use crate::context::{BlockId, Chain};
use crate::error::{Error, Result};
use crate::limits;

pub use folder::create;

pub(crate) type ProposedValue = arc_malachitebft_app_channel::app::types::ProposedValue<Chain>;

/// A block that was proposed at a height not yet decided.
#[derive(Clone, Debug)]
struct Undecided {
    value: ProposedValue,
    /// Built here: must be repeated if the engine asks again.
    own: bool,
    /// Where its payload is; a block proposed again in a later round is written once.
    record: (u64, u32),
}

/// The consensus store. All methods block on the disk.
pub(crate) struct Store {
    dir: PathBuf,
    history: History,
    /// Length at which a segment is closed.
    segment_bytes: u64,
    /// First heights of all segments, ascending; the last is open for appending.
    starts: Vec<u64>,
    tail: Segment,
    /// A closed segment that was read last.
    closed: Option<Segment>,
    tip: u64,
    undecided: BTreeMap<u64, Vec<Undecided>>,
}

/// Length of a stored proposal's fields before its block.
const PROPOSAL_FIELDS: usize = 8 + 8 + 8 + 20 + 32 + 1 + 1;

impl Store {
    /// Opens the log in `dir`, cutting off a record that a crash left unfinished.
    pub(crate) fn open(dir: &Path, history: History) -> Result<Self> {
        let mut starts = segment::list(dir)?;
        if starts.is_empty() {
            starts.push(1);
        }
        let first = *starts.last().expect("a start was just added");
        let mut tail = Segment::open(dir, first)?;
        let mut undecided: BTreeMap<u64, Vec<Undecided>> = BTreeMap::new();
        let mut tip = first - 1;
        tail.recover(|kind, payload, record| match kind {
            Kind::Proposal => {
                let (value, own, block_len) = read_proposal(payload)?;
                let earlier = payload_of(&undecided, value.height.0, value.value);
                let record =
                    if block_len > 0 { record } else { earlier.ok_or("proposal without its block")? };
                let found = Undecided { value, own, record };
                undecided.entry(found.value.height.0).or_default().push(found);
                Ok(None)
            }
            Kind::Decided => {
                let certificate = Certificate::from_bytes(payload).map_err(|_| "certificate")?;
                if certificate.height.0 != tip + 1 {
                    return Err("heights out of order");
                }
                let block = payload_of(&undecided, certificate.height.0, certificate.block.into())
                    .ok_or("decision without its proposal")?;
                tip += 1;
                undecided.retain(|height, _| *height > tip);
                Ok(Some(Entry { block, certificate: record }))
            }
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            history,
            segment_bytes: limits::SEGMENT_BYTES,
            starts,
            tail,
            closed: None,
            tip,
            undecided,
        })
    }

    /// The last decided height, 0 before the first.
    pub(crate) fn tip(&self) -> u64 {
        self.tip
    }

    /// The first height that can be served to peers.
    pub(crate) fn first(&self) -> u64 {
        self.starts.first().copied().unwrap_or(1)
    }

    /// Makes a proposal durable. Nothing is written for one that is known or decided.
    pub(crate) fn put_proposal(&mut self, value: ProposedValue, own: bool, block: &[u8]) -> Result<()> {
        let height = value.height.0;
        let of_height = self.undecided.get(&height).map_or(&[][..], Vec::as_slice);
        let known = of_height.iter().any(|u| u.value.round == value.round && u.value.value == value.value);
        if height <= self.tip || known {
            return Ok(());
        }
        let earlier = payload_of(&self.undecided, height, value.value);
        let mut fields = Writer::default();
        value.put(&mut fields);
        fields.u8(u8::from(own));
        let block = if earlier.is_some() { &[][..] } else { block };
        let written = self.tail.append(Kind::Proposal, &[&fields.finish(), block])?;
        let record = earlier.unwrap_or(written);
        self.undecided.entry(height).or_default().push(Undecided { value, own, record });
        Ok(())
    }

    /// The proposals of a round, to tell the engine after a restart.
    pub(crate) fn proposals(&self, height: u64, round: Round) -> Vec<ProposedValue> {
        let of_height = self.undecided.get(&height).into_iter().flatten();
        of_height.filter(|u| u.value.round == round).map(|u| u.value.clone()).collect()
    }

    /// The block this node built for a round.
    pub(crate) fn own_proposal(&self, height: u64, round: Round) -> Option<BlockId> {
        let mut of_height = self.undecided.get(&height).into_iter().flatten();
        of_height.find(|u| u.own && u.value.round == round).map(|u| u.value.value)
    }

    /// The payload of a block proposed at a height not yet decided.
    pub(crate) fn payload(&mut self, height: u64, id: BlockId) -> Result<Option<Vec<u8>>> {
        let Some(record) = payload_of(&self.undecided, height, id) else {
            return Ok(None);
        };
        let payload = self.tail.read(Kind::Proposal, record)?;
        Ok(Some(payload.get(PROPOSAL_FIELDS..).unwrap_or_default().to_vec()))
    }

    /// Makes the decision for the height after the tip durable; gives its payload.
    pub(crate) fn decide(&mut self, certificate: &Certificate) -> Result<Vec<u8>> {
        let height = certificate.height.0;
        let id = certificate.block.into();
        let found = payload_of(&self.undecided, height, id).filter(|_| height == self.tip + 1);
        let block = found.ok_or(Error::PayloadMissing(certificate.height))?;
        let payload = self.tail.read(Kind::Proposal, block)?;
        let record = self.tail.append(Kind::Decided, &[&certificate.to_bytes()])?;
        self.tail.index(height, Entry { block, certificate: record })?;
        self.tip = height;
        self.undecided.retain(|of, _| *of > height);
        self.rotate()?;
        Ok(payload.get(PROPOSAL_FIELDS..).unwrap_or_default().to_vec())
    }

    /// A decided block and its certificate; `None` if it is above the tip or pruned.
    pub(crate) fn decided(&mut self, height: u64) -> Result<Option<(Vec<u8>, Certificate)>> {
        let after = self.starts.partition_point(|start| *start <= height);
        let Some(start) = after.checked_sub(1).and_then(|at| self.starts.get(at)).copied() else {
            return Ok(None);
        };
        if height > self.tip {
            return Ok(None);
        }
        let segment = if start == self.tail.first() {
            &mut self.tail
        } else {
            let opened = match self.closed.take().filter(|s| s.first() == start) {
                Some(segment) => segment,
                None => Segment::open_closed(&self.dir, start, self.starts.get(after).copied())?,
            };
            self.closed.insert(opened)
        };
        let Some(entry) = segment.entry(height)? else {
            return Ok(None);
        };
        let block = segment.read(Kind::Proposal, entry.block)?;
        let bytes = segment.read(Kind::Decided, entry.certificate)?;
        let certificate = Certificate::from_bytes(&bytes)
            .map_err(|_| segment.corrupt(entry.certificate.0, "certificate"))?;
        Ok(Some((block.get(PROPOSAL_FIELDS..).unwrap_or_default().to_vec(), certificate)))
    }

    /// Starts a new segment when this one is full and nothing in it is still needed for a later height, and
    /// deletes the oldest ones as `History` allows.
    fn rotate(&mut self) -> Result<()> {
        if self.tail.len() < self.segment_bytes || !self.undecided.is_empty() {
            return Ok(());
        }
        self.tail.close()?;
        self.tail = Segment::open(&self.dir, self.tip + 1)?;
        self.starts.push(self.tip + 1);
        if let History::Last(count) = self.history {
            while self.starts.get(1).is_some_and(|second| *second <= (self.tip + 1).saturating_sub(count)) {
                segment::remove(&self.dir, self.starts.remove(0))?;
                self.closed = None;
            }
        }
        Ok(())
    }
}

fn payload_of(undecided: &BTreeMap<u64, Vec<Undecided>>, height: u64, id: BlockId) -> Option<(u64, u32)> {
    undecided.get(&height)?.iter().find(|u| u.value.value == id).map(|u| u.record)
}

fn read_proposal(payload: &[u8]) -> std::result::Result<(ProposedValue, bool, usize), &'static str> {
    let fields = payload.get(..PROPOSAL_FIELDS).ok_or("short proposal")?;
    let mut input = Reader::new(bytes::Bytes::copy_from_slice(fields));
    let value = ProposedValue::take(&mut input).map_err(|_| "proposal")?;
    let own = input.u8().map_err(|_| "proposal")? != 0;
    Ok((value, own, payload.len() - PROPOSAL_FIELDS))
}

/// The store shared between the loop and blocking threads.
#[derive(Clone)]
pub(crate) struct Shared(std::sync::Arc<std::sync::Mutex<Store>>);

impl Shared {
    pub(crate) fn new(store: Store) -> Self {
        Self(std::sync::Arc::new(std::sync::Mutex::new(store)))
    }

    /// Looks at what is in memory. Does not wait: whoever uses the store waits for the end of what it asked to run.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Store) -> T) -> Result<T> {
        let store = self.0.lock().map_err(|_| Error::Stopped)?;
        Ok(at(&store))
    }

    /// Runs `work` on a thread that may block.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut store = store.lock().map_err(|_| Error::Stopped)?;
            work(&mut store)
        });
        done.await.map_err(|_| Error::Stopped)?
    }
}

#[cfg(test)]
mod tests;
