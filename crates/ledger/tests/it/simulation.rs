//! Random histories, executed twice and compared with a model.
//!
//! A history fails when an outcome is not the model's, a pack is dispensed twice, something leads out of a
//! terminal state, a suspended organisation's batch is includable, or two executions differ. It does not fail
//! because attempts are refused: most are made to be.
//!
//! `THERIAC_HISTORIES` sets how many (300); `THERIAC_SEED` runs that one alone.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use ledger::directory::OrganisationStanding;
use ledger::execute::{InvalidBatch, InvalidBlock, record_keys};
use ledger::testkit::{self, LOT, Network, OTHER_LOT, change, commission, recall};
use ledger::{
    Block, Canonical, ChainState, DirectoryChange, Hash, Height, OrganisationId, Outcome, PackIdentity,
    SignedBatch, StatusRecord, StatusUpdate, execute,
};
use lifecycle::{PackState, Role, Transition};

use crate::model::{Act, Attempt, Decree, HOUR_MS, MAKER, Model, ORGANISATIONS, REGULATOR, State};

const PACKS: usize = 4;
const BLOCKS: u32 = 30;

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

/// What one organisation hands in for a block.
struct Plan {
    by: u32,
    decree: Option<Decree>,
    attempts: Vec<Attempt>,
}

struct World {
    dice: Dice,
    network: Network,
    packs: Vec<PackIdentity>,
    model: Model,
    /// A second node, which knows of the chain only what it decoded.
    twin: (ChainState, BTreeMap<Hash, StatusRecord>),
    dispensed: Vec<i32>,
    tally: BTreeMap<String, u32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut genesis = testkit::genesis();
        genesis.organisations.push(testkit::organisation(OrganisationId(5), Role::Pharmacy));
        let network = Network::of(genesis);
        World {
            dice: Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            twin: (network.state.clone(), BTreeMap::new()),
            network,
            packs: (0..PACKS).map(|n| testkit::pack(&format!("P{n}"))).collect(),
            model: Model::default(),
            dispensed: vec![0; PACKS],
            tally: BTreeMap::new(),
        }
    }

    fn attempt(&mut self, by: u32, block_time_ms: u64) -> Attempt {
        use Act::{Commission, Destroy, Dispense, Export, Lock, Sample, Steal, Undo, Unlock};
        let dice = &mut self.dice;
        let pack = dice.below(PACKS as u64) as usize;
        let known = self.model.packs.get(&pack).copied();
        let version = known.map_or(0, |known| known.version);
        let own = known.is_some_and(|known| known.is_undoable_by(by));
        let act = match by {
            _ if known.is_none() && (by == MAKER || dice.one_in(6)) => Commission,
            _ if own && dice.one_in(2) => Undo,
            MAKER => dice.pick(&[Commission, Lock, Unlock, Sample, Destroy, Steal, Export, Undo, Dispense]),
            2 => dice.pick(&[Lock, Unlock, Dispense, Undo, Sample, Undo, Steal, Destroy]),
            _ => dice.pick(&[Dispense, Dispense, Dispense, Undo, Undo, Undo, Sample, Destroy, Lock, Unlock]),
        };
        let by_site = if dice.one_in(8) { 1 + dice.below(ORGANISATIONS.into()) as u32 } else { by };
        let late = dice.pick(&[0, 0, 0, HOUR_MS, 71 * HOUR_MS, 73 * HOUR_MS]);
        let site_time_ms = match dice.below(16) {
            0 => block_time_ms + 2_000,
            1 => block_time_ms + 2_001,
            2..=5 => block_time_ms - late,
            _ => block_time_ms,
        };
        Attempt {
            act,
            pack,
            by,
            site: by_site,
            version: match dice.below(12) {
                0 => version + 1,
                1 => version.saturating_sub(1),
                _ => version,
            },
            opened: !dice.one_in(10),
            site_time_ms,
            checked: self.network.state.height.0.saturating_sub(if dice.one_in(6) {
                dice.below(6)
            } else {
                0
            }),
        }
    }

    fn decree(&mut self, by: u32) -> Option<Decree> {
        let dice = &mut self.dice;
        match by {
            REGULATOR if dice.one_in(3) => {
                let suspended = (1..=ORGANISATIONS).find(|id| self.model.suspended[*id as usize]);
                let any = 1 + dice.below(ORGANISATIONS.into()) as u32;
                let of = suspended.filter(|_| !dice.one_in(4)).unwrap_or(any);
                let suspended = !self.model.suspended[of as usize];
                Some(Decree::Standing { of, suspended })
            }
            _ if dice.one_in(20) => Some(Decree::Recall { lot: dice.below(2) as usize }),
            _ if dice.one_in(30) => Some(Decree::Standing { of: 3, suspended: true }),
            _ => None,
        }
    }

    fn plans(&mut self, block_time_ms: u64) -> Vec<Plan> {
        let mut authors: Vec<u32> = (1..=ORGANISATIONS).collect();
        let count = self.dice.below(4) as usize;
        let mut plans = Vec::new();
        for _ in 0..count {
            let by = authors.swap_remove(self.dice.below(authors.len() as u64) as usize);
            let attempts = (0..self.dice.below(3)).map(|_| self.attempt(by, block_time_ms)).collect();
            let decree = self.decree(by);
            plans.push(Plan { by, decree, attempts });
        }
        plans
    }

    fn update(&self, attempt: &Attempt) -> StatusUpdate {
        let pack = &self.packs[attempt.pack];
        let transition = match attempt.act {
            Act::Commission => {
                return StatusUpdate {
                    version: attempt.version,
                    site_time_ms: attempt.site_time_ms,
                    checked: Height(attempt.checked),
                    ..commission(&self.network, pack, lot_of(attempt.pack % 2))
                };
            }
            Act::Dispense => Transition::Dispense,
            Act::Undo => Transition::Undo,
            Act::Lock => Transition::Lock,
            Act::Unlock => Transition::Unlock,
            Act::Sample => Transition::Sample,
            Act::Destroy => Transition::Destroy,
            Act::Steal => Transition::ReportStolen,
            Act::Export => Transition::Export,
        };
        let honest = change(&self.network, pack, transition, attempt.version, OrganisationId(attempt.site));
        StatusUpdate {
            opening: if attempt.opened { honest.opening } else { Some(Hash([0xee; 32])) },
            site_time_ms: attempt.site_time_ms,
            checked: Height(attempt.checked),
            ..honest
        }
    }

    fn sign(&mut self, plan: &Plan) -> SignedBatch {
        let changes = plan.decree.map(|decree| match decree {
            Decree::Recall { lot } => recall(Some(lot_of(lot))),
            Decree::Standing { of, suspended } => DirectoryChange::SetStanding {
                organisation: OrganisationId(of),
                standing: match suspended {
                    true => OrganisationStanding::Suspended,
                    false => OrganisationStanding::Good,
                },
                reason: "inspection".to_owned(),
            },
        });
        let updates = plan.attempts.iter().map(|attempt| self.update(attempt)).collect();
        let events = vec![Hash([7; 32]); plan.attempts.len()];
        self.network.batch(OrganisationId(plan.by), &events, changes.into_iter().collect(), updates)
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
        const STEPS: [u64; 8] = [10, 10, 500, 500, HOUR_MS, HOUR_MS, 70 * HOUR_MS, 11 * 24 * HOUR_MS];
        let step_ms = self.dice.pick(&STEPS);
        let (height, time_ms) = (self.network.state.height.0 + 1, self.network.state.time_ms + step_ms);
        let mut plans = self.plans(time_ms);
        let mut batches: Vec<SignedBatch> = plans.iter().map(|plan| self.sign(plan)).collect();
        loop {
            let block = self.network.block(batches.clone(), step_ms);
            let suspended = self.suspended_by(&plans, height);
            if suspended.is_empty() {
                assert_eq!(self.network.check(&block), Ok(()));
                return self.run(&plans, block);
            }
            let Err(InvalidBlock::Batch { cause: InvalidBatch::Suspended(found), .. }) =
                self.network.check(&block)
            else {
                panic!("a batch of {suspended:?}, suspended, is includable");
            };
            assert_eq!(found.0, suspended[0], "the first suspended author is named");
            *self.tally.entry("batch not includable".to_owned()).or_default() += 1;
            plans.retain(|plan| plan.by != found.0);
            batches.retain(|signed| signed.batch.header.author != found);
        }
    }

    fn run(&mut self, plans: &[Plan], block: Block) {
        let (height, time_ms) = (block.header.height.0, block.header.time_ms);
        let decoded = Block::from_bytes(&block.to_bytes()).unwrap();
        let outcomes = self.network.commit(block).execution.outcomes.clone();
        for (plan, outcomes) in plans.iter().zip(&outcomes) {
            if let Some(decree) = plan.decree {
                let expected = self.model.decree(plan.by, decree, height);
                assert_eq!(outcomes[0] == Outcome::Accepted, expected, "{decree:?} by {}", plan.by);
            }
        }
        for (plan, outcomes) in plans.iter().zip(&outcomes) {
            let decrees = usize::from(plan.decree.is_some());
            assert_eq!(outcomes.len(), decrees + plan.attempts.len());
            for (attempt, outcome) in plan.attempts.iter().zip(&outcomes[decrees..]) {
                self.judge(attempt, *outcome, time_ms);
            }
        }
        self.compare_records();
        self.follow(&decoded);
    }

    fn judge(&mut self, attempt: &Attempt, outcome: Outcome, time_ms: u64) {
        let before = self.model.packs.get(&attempt.pack).copied();
        let expected = self.model.attempt(attempt, time_ms);
        let accepted = outcome == Outcome::Accepted;
        assert_eq!(accepted, expected, "{attempt:?} at {time_ms} of {before:?}: {outcome:?}");
        let name = match outcome {
            Outcome::Accepted => format!("{:?}", attempt.act),
            Outcome::Refused(refusal) => refusal.as_str().to_owned(),
        };
        *self.tally.entry(name).or_default() += 1;
        if !accepted {
            return;
        }
        assert!(!before.is_some_and(|pack| pack.state.is_terminal()), "out of a terminal state");
        let net = &mut self.dispensed[attempt.pack];
        match (attempt.act, before.map(|pack| pack.state)) {
            (Act::Dispense, _) => *net += 1,
            (Act::Undo, Some(State::Supplied)) => *net -= 1,
            _ => {}
        }
        assert!((0..=1).contains(net), "dispensed {net} times");
    }

    fn compare_records(&self) {
        assert_eq!(self.network.records.len(), self.model.packs.len());
        for (index, pack) in &self.model.packs {
            let record = &self.network.records[&self.packs[*index].record_key(testkit::MAKER)];
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

    /// The second node executes the decoded block from its own state.
    fn follow(&mut self, block: &Block) {
        let (state, records) = &mut self.twin;
        let wanted = record_keys(block);
        let known = wanted.into_iter().filter_map(|key| Some((key, records.get(&key)?.clone())));
        let execution = execute(state, block, known.collect());
        assert_eq!(execution.state, self.network.state, "two executions of one block");
        assert_eq!(execution.state.directory.root(), execution.state.entries_root);
        records.extend(execution.records);
        *state = execution.state;
        assert_eq!(*records, self.network.records);
    }
}

fn lot_of(number: usize) -> &'static str {
    if number == 0 { LOT } else { OTHER_LOT }
}

fn history(seed: u64) -> BTreeMap<String, u32> {
    let mut world = World::new(seed);
    (0..BLOCKS).for_each(|_| world.step());
    world.tally
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_histories_are_as_the_model_says() {
    let only = setting("THERIAC_SEED");
    let count = setting("THERIAC_HISTORIES").unwrap_or(300);
    let seeds = only.map_or(1..=count, |seed| seed..=seed);
    let mut tally = BTreeMap::<String, u32>::new();
    for seed in seeds {
        match catch_unwind(AssertUnwindSafe(|| history(seed))) {
            Ok(counts) => counts.into_iter().for_each(|(name, n)| *tally.entry(name).or_default() += n),
            Err(cause) => {
                println!("history failed: THERIAC_SEED={seed}");
                resume_unwind(cause);
            }
        }
    }
    println!("histories: {tally:?}");
    if only.is_none() && count >= 100 {
        for name in [
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
            "batch not includable",
        ] {
            assert!(tally.contains_key(name), "no history had: {name}");
        }
    }
}
