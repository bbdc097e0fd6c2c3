//! Blocks that break a rule, each made of a good one: no honest node votes for any.

use ledger::execute::{InvalidBatch, InvalidBlock, Verified};
use ledger::testkit::organisation_key;
use ledger::{Block, Canonical, Hash, OrganisationId, PublicKey, SignedBatch};

use super::World;
use crate::model::ORGANISATIONS;

/// The batches that are verified already: a node verifies none twice, and neither does this test.
struct Seen<'a>(&'a [SignedBatch]);

impl Verified for Seen<'_> {
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey> {
        let key = || organisation_key(signed.batch.header.author).public_key();
        self.0.contains(signed).then(key)
    }
}

impl World {
    /// Tries one kind of dishonest block in place of `good`, which may be voted for.
    pub fn dishonest(&mut self, good: &Block) {
        match self.dice.below(13) {
            0 => self.replayed(good),
            1 => self.twice(good),
            2 => self.forked(good),
            3 => {
                let altered = |signed: &mut SignedBatch| signed.batch.header.previous.0[0] ^= 1;
                self.altered(good, "other predecessor", InvalidBatch::Previous, altered);
            }
            4 => self.foreign_signature(good),
            5 => self.altered_item(good),
            6 => {
                let altered = |signed: &mut SignedBatch| signed.batch.header.network = Hash([1; 32]);
                self.altered(good, "foreign network", InvalidBatch::Network, altered);
            }
            7 => {
                let stranger = OrganisationId(99);
                let altered = |signed: &mut SignedBatch| signed.batch.header.author = stranger;
                self.altered(good, "unknown author", InvalidBatch::Author(stranger), altered);
            }
            8 => {
                let late = good.header.time_ms + 2_001;
                let altered = |signed: &mut SignedBatch| signed.batch.header.time_ms = late;
                self.altered(good, "batch from the future", InvalidBatch::Time, altered);
            }
            9 => self.clock(good),
            _ => self.altered_header(good),
        }
    }

    fn verdict(&self, good: &Block, batches: Vec<SignedBatch>) -> Result<(), InvalidBlock> {
        let header = self.network.state.next_header(&batches, good.header.time_ms);
        let block = Block { header, batches };
        self.network.state.check(&block, 0, block.header.time_ms, &Seen(&good.batches))
    }

    fn refused(&mut self, good: &Block, batches: Vec<SignedBatch>, name: &str, cause: InvalidBatch) {
        let index = batches.len() as u32 - 1;
        assert_eq!(self.verdict(good, batches), Err(InvalidBlock::Batch { index, cause }), "{name}");
        self.count(name);
    }

    /// The good block with one more batch at its end, which is at fault.
    fn with(good: &Block, last: SignedBatch) -> Vec<SignedBatch> {
        good.batches.iter().cloned().chain([last]).collect()
    }

    fn replayed(&mut self, good: &Block) {
        let height = self.network.blocks.len() as u64;
        if height == 0 {
            return;
        }
        let old = self.network.blocks[self.dice.below(height) as usize].block.batches.clone();
        let Some(old) = old.first() else { return };
        // One that changes the directory would make others of the block invalid first.
        if !old.batch.changes.is_empty() || !self.is_free(good, old.batch.header.author) {
            return;
        }
        let expected = self.network.state.tip(old.batch.header.author).sequence + 1;
        let cause = InvalidBatch::Sequence { found: old.batch.header.sequence, expected };
        self.refused(good, Self::with(good, old.clone()), "replayed batch", cause);
    }

    fn twice(&mut self, good: &Block) {
        let Some(last) = good.batches.last().cloned() else { return };
        let found = last.batch.header.sequence;
        let cause = InvalidBatch::Sequence { found, expected: found + 1 };
        self.refused(good, Self::with(good, last), "batch twice", cause);
    }

    /// Its author signs two batches for one place in its chain.
    fn forked(&mut self, good: &Block) {
        let Some(last) = good.batches.last() else { return };
        let author = last.batch.header.author;
        let fork = self.network.batch(author, &[Hash([0xf0; 32])], Vec::new(), Vec::new());
        let found = fork.batch.header.sequence;
        let cause = InvalidBatch::Sequence { found, expected: found + 1 };
        self.refused(good, Self::with(good, fork.clone()), "forked batches", cause);
        let chained = Self::with(good, SignedBatch { batch: chained(fork, last), ..last.clone() });
        self.refused(good, chained, "forked batches", InvalidBatch::Previous);
    }

    /// Whether an author has no batch in the good block and may have one.
    fn is_free(&self, good: &Block, author: OrganisationId) -> bool {
        let taken = |signed: &SignedBatch| signed.batch.header.author == author;
        let changes = good.batches.iter().any(|signed| !signed.batch.changes.is_empty());
        !changes && !good.batches.iter().any(taken) && !self.model.suspended[author.0 as usize]
    }

    fn free_author(&self, good: &Block) -> Option<OrganisationId> {
        (1..=ORGANISATIONS).map(OrganisationId).find(|id| self.is_free(good, *id))
    }

    /// A batch by an author in good standing, altered and signed again by its key.
    fn altered(&mut self, good: &Block, name: &str, cause: InvalidBatch, alter: impl Fn(&mut SignedBatch)) {
        let Some(author) = self.free_author(good) else { return };
        let mut signed = self.network.batch(author, &[Hash([0xf1; 32])], Vec::new(), Vec::new());
        alter(&mut signed);
        let signed = signed.batch.sign(&organisation_key(author));
        self.refused(good, Self::with(good, signed), name, cause);
    }

    fn foreign_signature(&mut self, good: &Block) {
        let Some(author) = self.free_author(good) else { return };
        let signed = self.network.batch(author, &[Hash([0xf2; 32])], Vec::new(), Vec::new());
        let other = OrganisationId(1 + author.0 % ORGANISATIONS);
        let forged = signed.batch.sign(&organisation_key(other));
        self.refused(good, Self::with(good, forged), "foreign signature", InvalidBatch::Signature(author));
    }

    fn altered_item(&mut self, good: &Block) {
        let with_items = |signed: &&SignedBatch| !signed.batch.updates.is_empty();
        let Some(at) = good.batches.iter().position(|signed| with_items(&signed)) else { return };
        let mut batches = good.batches.clone();
        batches[at].batch.updates[0].site_time_ms ^= 1;
        let cause = InvalidBatch::Shape;
        assert_eq!(self.verdict(good, batches), Err(InvalidBlock::Batch { index: at as u32, cause }));
        self.count("altered item");
    }

    /// The time of a block: after its parent's, and at most two seconds ahead of the voter's clock.
    fn clock(&mut self, good: &Block) {
        let state = &self.network.state;
        let check = |block: &Block, now| state.check(block, 0, now, &Seen(&good.batches));
        let mut past = good.clone();
        past.header.time_ms = state.time_ms;
        assert_eq!(check(&past, good.header.time_ms), Err(InvalidBlock::Time));
        assert_eq!(check(good, good.header.time_ms - 2_001), Err(InvalidBlock::Time));
        assert_eq!(check(good, good.header.time_ms - 2_000), Ok(()));
        self.count("block from the past");
        self.count("block from the future");
    }

    /// Any bit of any field of the header but the time, which is the proposer's to choose.
    fn altered_header(&mut self, good: &Block) {
        let header = good.header.to_bytes();
        let time = 32 + 8 + 32..32 + 8 + 32 + 8;
        let mut at = self.dice.below((header.len() - time.len()) as u64) as usize;
        if at >= time.start {
            at += time.len();
        }
        let mut altered = header;
        altered[at] ^= 1 << self.dice.below(8);
        let header = Canonical::from_bytes(&altered).unwrap();
        let block = Block { header, batches: good.batches.clone() };
        let verdict = self.network.state.check(&block, 0, good.header.time_ms, &Seen(&good.batches));
        let height = block.header.height != good.header.height;
        match verdict {
            Err(InvalidBlock::Height { .. }) if height => {}
            Err(InvalidBlock::Header(_)) if !height => {}
            other => panic!("byte {at} of the header altered: {other:?}"),
        }
        self.count("altered header");
    }
}

/// The fork again, numbered as if it followed `last`, of which it knows nothing.
fn chained(fork: SignedBatch, last: &SignedBatch) -> ledger::Batch {
    let mut batch = fork.batch;
    batch.header.sequence = last.batch.header.sequence + 1;
    batch
}
