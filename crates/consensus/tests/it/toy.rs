//! An application that appends items to a list.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use consensus::{App, AppError, Committed, Verdict};
use ledger::hash::TaggedHasher;
use ledger::{Certificate, Hash, Height, ValidatorSet};
use tokio::sync::Notify;

pub struct Toy {
    pub validators: ValidatorSet,
    state: Mutex<State>,
    work: Notify,
    /// Answers "not available" to every commit.
    pub away: AtomicBool,
    /// Proposes blocks that nobody should accept.
    pub lies: AtomicBool,
    /// Refuses to go on at this height.
    pub halts_at: AtomicU64,
    /// How often it was asked to build a block.
    pub built: AtomicU64,
}

#[derive(Default)]
struct State {
    mempool: BTreeSet<Vec<u8>>,
    chain: Vec<(Vec<u8>, Certificate)>,
}

impl Toy {
    pub fn new(validators: ValidatorSet) -> Self {
        Self {
            validators,
            state: Mutex::default(),
            work: Notify::new(),
            away: AtomicBool::new(false),
            lies: AtomicBool::new(false),
            halts_at: AtomicU64::new(u64::MAX),
            built: AtomicU64::new(0),
        }
    }

    pub fn submit(&self, item: &[u8]) {
        self.state.lock().unwrap().mempool.insert(item.to_vec());
        self.work.notify_waiters();
    }

    pub fn blocks(&self) -> Vec<Vec<u8>> {
        self.state.lock().unwrap().chain.iter().map(|(block, _)| block.clone()).collect()
    }

    pub fn certificates(&self) -> Vec<Certificate> {
        self.state.lock().unwrap().chain.iter().map(|(_, certificate)| certificate.clone()).collect()
    }

    pub fn contains(&self, item: &[u8]) -> bool {
        let state = self.state.lock().unwrap();
        state.chain.iter().any(|(block, _)| items(block).unwrap().iter().any(|i| i == item))
    }

    /// Block hash of the last block, zero before the first.
    fn parent(state: &State) -> [u8; 32] {
        state.chain.last().map_or([0; 32], |(block, _)| hash(block).0)
    }
}

pub fn hash(block: &[u8]) -> Hash {
    TaggedHasher::new("toy.block").fixed(block).finish()
}

/// Height, parent, then each item after its length.
fn encode(height: u64, parent: [u8; 32], items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut block = height.to_be_bytes().to_vec();
    block.extend(parent);
    for item in items {
        block.extend((item.len() as u32).to_be_bytes());
        block.extend(item);
    }
    block
}

fn items(block: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = block.get(40..)?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (len, after) = rest.split_first_chunk::<4>()?;
        let len = u32::from_be_bytes(*len) as usize;
        items.push(after.get(..len)?.to_vec());
        rest = &after[len..];
    }
    Some(items)
}

#[async_trait]
impl App for Toy {
    async fn propose(&self, height: Height, _round: u32, _deadline: Duration) -> Result<Vec<u8>, AppError> {
        self.built.fetch_add(1, Ordering::Relaxed);
        let state = self.state.lock().unwrap();
        assert_eq!(height.0, state.chain.len() as u64 + 1, "asked for the height after the last applied");
        let height = if self.lies.load(Ordering::Relaxed) { height.0 + 1000 } else { height.0 };
        Ok(encode(height, Self::parent(&state), state.mempool.iter().cloned()))
    }

    async fn check(&self, height: Height, block: &[u8]) -> Result<Verdict, AppError> {
        let state = self.state.lock().unwrap();
        assert_eq!(height.0, state.chain.len() as u64 + 1, "asked about the height after the last applied");
        let expected = encode(height.0, Self::parent(&state), items(block).unwrap_or_default().into_iter());
        if expected == block {
            Ok(Verdict::Valid { hash: hash(block) })
        } else {
            Ok(Verdict::Invalid { reason: "wrong height or parent".into() })
        }
    }

    fn block_hash(&self, block: &[u8]) -> Option<Hash> {
        items(block).map(|_| hash(block))
    }

    async fn commit(
        &self,
        height: Height,
        block: Vec<u8>,
        certificate: Certificate,
    ) -> Result<Committed, AppError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(AppError::Unavailable("no database".into()));
        }
        if height.0 >= self.halts_at.load(Ordering::Relaxed) {
            return Err(AppError::Halt("roots differ".into()));
        }
        let mut state = self.state.lock().unwrap();
        let at = height.0 as usize - 1;
        match state.chain.get(at) {
            Some((known, _)) => assert_eq!(*known, block, "a height is decided once"),
            None => {
                assert_eq!(at, state.chain.len(), "heights are committed in order");
                for item in items(&block).unwrap() {
                    state.mempool.remove(&item);
                }
                state.chain.push((block, certificate));
            }
        }
        Ok(Committed { next_validators: self.validators.clone() })
    }

    async fn height(&self) -> Result<Height, AppError> {
        Ok(Height(self.state.lock().unwrap().chain.len() as u64))
    }

    async fn validators(&self, _height: Height) -> Result<ValidatorSet, AppError> {
        Ok(self.validators.clone())
    }

    async fn wait_for_work(&self) {
        loop {
            let notified = self.work.notified();
            if !self.state.lock().unwrap().mempool.is_empty() {
                return;
            }
            notified.await;
        }
    }
}
