use std::fmt;

use super::engine::{self, NilOrVal, Round, ValidatorSet as _, VoteType};
use super::{Address, BlockId, K256, Part, Proposal, Validator, Validators, Vote};

/// Names the types of our chain to the engine.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chain;

impl engine::Context for Chain {
    type Address = Address;
    type Height = Height;
    type ProposalPart = Part;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = engine::LinearTimeouts;
    type Value = BlockId;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = K256;

    /// Validators take turns in address order, each height starting one further, each round after a failed one
    /// going one further.
    fn select_proposer<'a>(&self, set: &'a Validators, height: Height, round: Round) -> &'a Validator {
        let count = set.count() as u64;
        assert!(count > 0, "validator sets are checked to be non-empty when they are made");
        let turn = height.0.wrapping_add(u64::from(round.as_u32().unwrap_or(0))) % count;
        set.get_by_index(turn as usize).expect("the turn is below the count")
    }

    fn new_proposal(
        &self,
        height: Height,
        round: Round,
        value: BlockId,
        pol_round: Round,
        proposer: Address,
    ) -> Proposal {
        Proposal { height, round, value, pol_round, proposer }
    }

    fn new_prevote(&self, height: Height, round: Round, value: NilOrVal<BlockId>, address: Address) -> Vote {
        Vote { kind: VoteType::Prevote, height, round, value, address }
    }

    fn new_precommit(
        &self,
        height: Height,
        round: Round,
        value: NilOrVal<BlockId>,
        address: Address,
    ) -> Vote {
        Vote { kind: VoteType::Precommit, height, round, value, address }
    }
}

/// A height as the engine needs it: `ledger::Height` with the engine's trait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Height(pub u64);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Height> for ledger::Height {
    fn from(height: Height) -> Self {
        Self(height.0)
    }
}

impl From<ledger::Height> for Height {
    fn from(height: ledger::Height) -> Self {
        Self(height.0)
    }
}

impl engine::Height for Height {
    const ZERO: Self = Self(0);
    const INITIAL: Self = Self(1);

    fn increment_by(&self, n: u64) -> Self {
        Self(self.0.saturating_add(n))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.checked_sub(n).map(Self)
    }

    fn as_u64(&self) -> u64 {
        self.0
    }
}
