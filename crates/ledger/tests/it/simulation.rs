//! Random histories, executed by several nodes and compared with a model.
//!
//! A history fails when an outcome is not the model's, a pack is dispensed twice, something leads out of a terminal
//! state, a block that breaks a rule could be voted for or one that keeps them all could not, or two nodes differ. It
//! does not fail because attempts are refused: most are made to be.
//!
//! `THERIAC_HISTORIES` sets how many (10,000); `THERIAC_SEED` runs that one alone, as a failure says.
//!
//! Not covered: commissioning for others (`commissions_for`), free samples and checking out, lengths of blocks and
//! batches at their bounds, the mempool, votes and certificates, and more than one honest batch of an author in a block.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use ledger::directory::{Fate, OrganisationStanding};
use ledger::execute::{InvalidBatch, InvalidBlock};
use ledger::testkit::{self, LOT, Network, OTHER_LOT};
use ledger::trust::Voters;
use ledger::{Block, Canonical, Height, OrganisationId, Outcome, PackIdentity, SignedBatch, ValidatorSet};
use lifecycle::{PackState, Role};

use crate::model::{Act, Attempt, Decree, Governance, HOUR_MS, Model, ORGANISATIONS, State};
use nodes::Others;
use plans::Plan;

mod dishonest;
mod nodes;
mod plans;

const PACKS: usize = 3;
const BLOCKS: u32 = 6;

/// xorshift64*: small, seeded, the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

type Tally = BTreeMap<String, u32>;

struct World {
    dice: Dice,
    network: Network,
    packs: Vec<PackIdentity>,
    model: Model,
    others: Others,
    dispensed: BTreeMap<(u32, usize), i32>,
    tally: Tally,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut genesis = testkit::genesis();
        genesis.organisations.push(testkit::organisation(OrganisationId(5), Role::Pharmacy));
        genesis.organisations.push(testkit::organisation(OrganisationId(6), Role::Manufacturer));
        let network = Network::of(genesis);
        World {
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            others: Others::beside(&network),
            network,
            packs: (0..PACKS).map(|n| testkit::pack(&format!("P{n}"))).collect(),
            model: Model::default(),
            dispensed: BTreeMap::new(),
            tally: BTreeMap::new(),
        }
    }

    fn count(&mut self, name: &str) {
        *self.tally.entry(name.to_owned()).or_default() += 1;
    }

    /// Which of these organisations are suspended once the decrees of the block hold.
    fn suspended_by(&self, plans: &[Plan], height: u64) -> Vec<u32> {
        let mut model = self.model.clone();
        for plan in plans {
            if let Some(decree) = plan.decree {
                model.decree(plan.by, decree, height);
            }
        }
        let authors = plans.iter().map(|plan| plan.by);
        authors.filter(|by| model.suspended[*by as usize]).collect()
    }

    fn step(&mut self) {
        const STEPS: [u64; 8] = [1, 10, 500, 500, HOUR_MS, HOUR_MS, 70 * HOUR_MS, 11 * 24 * HOUR_MS];
        let step_ms = self.dice.pick(&STEPS);
        let (height, time_ms) = (self.network.state.height.0 + 1, self.network.state.time_ms + step_ms);
        self.model.open(height);
        let mut plans = self.plans(time_ms);
        let mut batches: Vec<SignedBatch> = plans.iter().map(|plan| self.sign(plan)).collect();
        loop {
            let block = self.network.block(batches.clone(), step_ms);
            let suspended = self.suspended_by(&plans, height);
            if suspended.is_empty() {
                assert_eq!(self.network.check(&block), Ok(()));
                if self.dice.one_in(2) {
                    self.dishonest(&block);
                }
                return self.run(&plans, block);
            }
            let Err(InvalidBlock::Batch { cause: InvalidBatch::Suspended(found), .. }) =
                self.network.check(&block)
            else {
                panic!("a batch of {suspended:?}, suspended, is includable");
            };
            assert_eq!(found.0, suspended[0], "the first suspended author is named");
            self.count("suspended author");
            plans.retain(|plan| plan.by != found.0);
            batches.retain(|signed| signed.batch.header.author != found);
        }
    }

    fn run(&mut self, plans: &[Plan], block: Block) {
        let (height, time_ms) = (block.header.height.0, block.header.time_ms);
        let bytes = block.to_bytes();
        let outcomes = self.network.commit(block).execution.outcomes.clone();
        for (plan, outcomes) in plans.iter().zip(&outcomes) {
            if let Some(decree) = plan.decree {
                let expected = self.model.decree(plan.by, decree, height);
                assert_eq!(outcomes[0] == Outcome::Accepted, expected, "{decree:?} by {}", plan.by);
                self.count(match (decree, expected) {
                    (Decree::Governed { act, .. }, true) => match act {
                        Governance::Standing { .. } => "governed standing",
                        Governance::Validators { .. } => "governed validators",
                        Governance::Rules { .. } => "governed rules",
                    },
                    (Decree::Governed { .. }, false) => "governed refused",
                    (_, true) => "decree",
                    (_, false) => "decree refused",
                });
            }
        }
        for (plan, outcomes) in plans.iter().zip(&outcomes) {
            let decrees = usize::from(plan.decree.is_some());
            assert_eq!(outcomes.len(), decrees + plan.attempts.len());
            for (attempt, outcome) in plan.attempts.iter().zip(&outcomes[decrees..]) {
                self.judge(attempt, *outcome, (height, time_ms));
            }
        }
        self.compare_records();
        self.compare_governance(height);
        self.others.follow(&bytes, &self.network, &mut self.dice);
    }

    fn judge(&mut self, attempt: &Attempt, outcome: Outcome, now: (u64, u64)) {
        let key = (attempt.issuer, attempt.pack);
        let before = self.model.packs.get(&key).copied();
        let expected = self.model.attempt(attempt, now);
        let accepted = outcome == Outcome::Accepted;
        assert_eq!(accepted, expected, "{attempt:?} at {now:?} of {before:?}: {outcome:?}");
        self.count(&match outcome {
            Outcome::Accepted => format!("{:?}", attempt.act),
            Outcome::Refused(refusal) => refusal.as_str().to_owned(),
        });
        if !accepted {
            return;
        }
        assert!(!before.is_some_and(|pack| pack.state.is_terminal()), "out of a terminal state");
        let net = self.dispensed.entry(key).or_default();
        match (attempt.act, before.map(|pack| pack.state)) {
            (Act::Dispense, _) => *net += 1,
            (Act::Undo, Some(State::Supplied)) => *net -= 1,
            _ => {}
        }
        assert!((0..=1).contains(net), "dispensed {net} times");
    }

    /// Who votes on this block and on the next, under which rules, who is suspended, what was dropped.
    fn compare_governance(&self, height: u64) {
        let mut next = self.model.clone();
        next.open(height + 1);
        let state = &self.network.state;
        let voters =
            |set: &ValidatorSet| -> BTreeSet<_> { set.iter().map(|voter| voter.organisation).collect() };
        let named = |set: u32| -> BTreeSet<_> { plans::members(set).collect() };
        assert_eq!(voters(state.directory.validators()), named(self.model.governors));
        assert_eq!(voters(state.next_validators()), named(next.governors));
        assert_eq!(state.directory.rules().version, self.model.version);
        assert_eq!(state.opening().rules().version, next.version);
        let dropped = state.directory.governed().filter(|change| matches!(change.fate, Fate::Dropped(_)));
        assert_eq!(dropped.count() as u32, self.model.dropped);
        for id in 1..=ORGANISATIONS {
            let there = state.directory.organisation(OrganisationId(id)).unwrap();
            let suspended = there.standing == OrganisationStanding::Suspended;
            assert_eq!(suspended, self.model.suspended[id as usize], "standing of {id}");
        }
    }

    /// Every decided header, signed by those who voted on it, is trusted from the genesis on by whoever follows the
    /// hand-overs, and each hand-over is needed.
    fn follow_hand_overs(&mut self) {
        let handovers = self.network.handovers();
        let mut voters = Voters::of_genesis(&self.network.genesis);
        voters.follow(&handovers).unwrap();
        for height in (1..=self.network.state.height.0 + 1).map(Height) {
            assert_eq!(voters.at(height), self.network.voters.at(height), "voters of block {height}");
        }
        let head = self.network.signed_header(self.network.state.height);
        assert_eq!(head.verify(voters.trust()), Ok(()));
        if let Some(last) = handovers.last() {
            let mut behind = Voters::of_genesis(&self.network.genesis);
            behind.follow(&handovers[..handovers.len() - 1]).unwrap();
            assert!(last.block.verify(behind.trust()).is_err());
            self.count("hand-over");
        }
    }

    fn compare_records(&self) {
        assert_eq!(self.network.records.len(), self.model.packs.len());
        for ((issuer, index), pack) in &self.model.packs {
            let record = &self.network.records[&self.packs[*index].record_key(OrganisationId(*issuer))];
            let state = match pack.state {
                State::Active => PackState::Active,
                State::Supplied => PackState::Supplied,
                State::Sampled => PackState::Sample,
                State::Locked => PackState::Locked,
                State::Destroyed => PackState::Destroyed,
                State::Stolen => PackState::Stolen,
                State::Exported => PackState::Exported,
            };
            assert_eq!((record.state, record.version), (state, pack.version), "pack {index}");
        }
    }
}

fn lot_of(number: usize) -> &'static str {
    if number == 0 { LOT } else { OTHER_LOT }
}

fn history(seed: u64) -> Tally {
    let mut world = World::new(seed);
    (0..BLOCKS).for_each(|_| world.step());
    if seed.is_multiple_of(8) {
        world.follow_hand_overs();
    }
    world.tally.insert("dropped".to_owned(), world.model.dropped);
    world.tally
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Histories from both ends of the range of seeds at once, one thread each.
fn all(seeds: std::ops::RangeInclusive<u64>) -> Tally {
    let tally = Mutex::new(Tally::new());
    let run = |remainder| {
        for seed in seeds.clone().filter(|seed| seed % 2 == remainder) {
            match catch_unwind(AssertUnwindSafe(|| history(seed))) {
                Ok(counts) => {
                    let mut tally = tally.lock().unwrap();
                    counts.into_iter().for_each(|(name, n)| *tally.entry(name).or_default() += n);
                }
                Err(cause) => {
                    println!(
                        "history {seed} failed; again: THERIAC_SEED={seed} cargo test -p ledger random_histories"
                    );
                    resume_unwind(cause);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| run(0));
        run(1);
    });
    tally.into_inner().unwrap()
}

#[test]
fn random_histories_are_as_the_model_says() {
    let only = setting("THERIAC_SEED");
    let count = setting("THERIAC_HISTORIES").unwrap_or(10_000);
    let tally = all(only.map_or(1..=count, |seed| seed..=seed));
    println!("histories: {tally:?}");
    if only.is_none() && count >= 10_000 {
        let missing: Vec<_> =
            WANTED.iter().filter(|name| tally.get(**name).is_none_or(|n| *n == 0)).collect();
        assert!(missing.is_empty(), "no history had: {missing:?}");
    }
}

/// What the histories must have had, at least once.
const WANTED: [&str; 44] = [
    "governed standing",
    "governed validators",
    "governed rules",
    "governed refused",
    "dropped",
    "hand-over",
    "Commission",
    "Dispense",
    "Undo",
    "Lock",
    "Unlock",
    "Sample",
    "Destroy",
    "Steal",
    "Export",
    "unknown_pack",
    "already_commissioned",
    "already_in_state",
    "wrong_state",
    "role",
    "undo_window",
    "undo_site",
    "time",
    "version",
    "possession",
    "recheck",
    "not_owner",
    "decree",
    "decree refused",
    "suspended author",
    "rush",
    "counterfeit",
    "replayed batch",
    "batch twice",
    "forked batches",
    "other predecessor",
    "foreign signature",
    "altered item",
    "foreign network",
    "unknown author",
    "batch from the future",
    "block from the past",
    "block from the future",
    "altered header",
];
