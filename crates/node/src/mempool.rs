//! Batches that wait for a block. Bounded, and fair: proposals take from organisations in turn.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ledger::batch::Tip;
use ledger::execute::Verified;
use ledger::limits::BLOCK_BATCHES_MAX;
use ledger::{Canonical, ChainState, OrganisationId, PublicKey, SignedBatch};
use tokio::sync::Notify;

use crate::limits::{MEMPOOL_BATCHES_PER_ORGANISATION, PROPOSAL_BYTES_MAX};

/// A batch that was found whole and signed, and how long it is.
#[derive(Debug, Clone)]
struct Waiting {
    signed: SignedBatch,
    signer: PublicKey,
    length: usize,
}

/// The batch itself is the proof, found where it waits.
impl Verified for &Waiting {
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey> {
        (self.signed == *signed).then_some(self.signer)
    }
}

type Queue = BTreeMap<u64, Waiting>;

/// One organisation's turn while a proposal is gathered.
struct Turn {
    author: OrganisationId,
    tip: Tip,
    /// Whether it may have more for this block.
    open: bool,
}

/// Batches that wait for a block.
#[derive(Debug, Default)]
pub struct Mempool {
    queues: Mutex<BTreeMap<OrganisationId, Queue>>,
    changed: Notify,
}

/// What became of a batch that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It waits now.
    Taken,
    /// It waited already, or is in a block.
    Known,
    /// Its organisation has too many waiting.
    Full,
    /// It is not one that this network could include.
    Invalid,
}

impl Mempool {
    /// Offers a batch. Its signature is checked here, so that nobody fills another's queue.
    pub fn offer(&self, state: &ChainState, signed: SignedBatch, length: usize) -> Offer {
        let header = &signed.batch.header;
        let (author, sequence) = (header.author, header.sequence);
        if sequence <= state.tip(author).sequence {
            return Offer::Known;
        }
        let directory = state.opening();
        let Some(organisation) = directory.organisation(author) else {
            return Offer::Invalid;
        };
        if header.network != state.network {
            return Offer::Invalid;
        }
        if sequence > state.tip(author).sequence + MEMPOOL_BATCHES_PER_ORGANISATION as u64 {
            return Offer::Full;
        }
        if self.signer(&signed).is_some() {
            return Offer::Known;
        }
        match signed.verify(organisation.keys_at(state.height.next())) {
            Ok(signer) => self.insert(Waiting { signed, signer, length }),
            Err(_) => return Offer::Invalid,
        }
        Offer::Taken
    }

    /// Takes a batch that this node has just made with `key`.
    pub fn take_own(&self, signed: SignedBatch, key: PublicKey, length: usize) {
        self.insert(Waiting { signed, signer: key, length });
    }

    fn insert(&self, waiting: Waiting) {
        let header = &waiting.signed.batch.header;
        self.lock().entry(header.author).or_default().insert(header.sequence, waiting);
        self.changed.notify_waiters();
    }

    /// Forgets what blocks hold by now.
    pub fn prune(&self, state: &ChainState) {
        let mut queues = self.lock();
        for (author, queue) in queues.iter_mut() {
            *queue = queue.split_off(&(state.tip(*author).sequence + 1));
        }
        queues.retain(|_, queue| !queue.is_empty());
    }

    /// Forgets one batch: it made a proposal invalid.
    pub fn drop_batch(&self, author: OrganisationId, sequence: u64) {
        if let Some(queue) = self.lock().get_mut(&author) {
            queue.remove(&sequence);
        }
    }

    /// Whether a proposal now would hold a batch.
    pub fn has_work(&self, state: &ChainState) -> bool {
        self.lock().iter().any(|(author, queue)| queue.contains_key(&(state.tip(*author).sequence + 1)))
    }

    /// How many batches wait.
    pub fn waiting(&self) -> usize {
        self.lock().values().map(BTreeMap::len).sum()
    }

    /// Resolves when a batch was taken after this was called.
    pub fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// Batches for the next block: organisations in turn, beginning with another one at each height, each in the
    /// order of its sequence.
    pub fn propose(&self, state: &ChainState, time_ms: u64) -> Vec<SignedBatch> {
        let mut queues = self.lock();
        let mut turns: Vec<Turn> = queues
            .keys()
            .map(|author| Turn { author: *author, tip: state.tip(*author), open: true })
            .collect();
        if !turns.is_empty() {
            let first = (state.height.0 % turns.len() as u64) as usize;
            turns.rotate_left(first);
        }
        let (mut taken, mut bytes, height) = (Vec::new(), 0, state.height.next());
        while turns.iter().any(|turn| turn.open) && taken.len() < BLOCK_BATCHES_MAX {
            for turn in turns.iter_mut().filter(|turn| turn.open) {
                let Some(queue) = queues.get_mut(&turn.author) else { continue };
                let next = turn.tip.sequence + 1;
                let fits = |waiting: &&Waiting| {
                    bytes + waiting.length <= PROPOSAL_BYTES_MAX && taken.len() < BLOCK_BATCHES_MAX
                };
                turn.open = false;
                let Some(waiting) = queue.get(&next).filter(fits) else { continue };
                match state.includable_after(&waiting.signed, &turn.tip, (height, time_ms), &waiting) {
                    Ok(tip) => {
                        bytes += waiting.length;
                        taken.push(waiting.signed.clone());
                        (turn.tip, turn.open) = (tip, true);
                    }
                    // It can never go into this place: kept, it would ask for one empty block after another.
                    Err(cause) => {
                        tracing::warn!(batch.author = turn.author.0, batch.sequence = next, %cause, "dropped a batch");
                        queue.remove(&next);
                    }
                }
            }
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<OrganisationId, Queue>> {
        self.queues.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// What waits was verified when it came.
impl Verified for Mempool {
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey> {
        let header = &signed.batch.header;
        let queues = self.lock();
        queues.get(&header.author)?.get(&header.sequence).and_then(|waiting| waiting.signer(signed))
    }
}

/// Decodes a batch that came from a peer.
pub fn decode(bytes: &[u8]) -> Option<SignedBatch> {
    if bytes.len() > ledger::limits::BATCH_BYTES_MAX {
        return None;
    }
    SignedBatch::from_bytes(bytes).ok()
}
