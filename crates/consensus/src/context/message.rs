use std::fmt;

use super::engine::{self, NilOrVal, Round, SignedExtension, VoteType};
use super::{Address, Chain, Height};

/// What is voted on: a block's hash. The payload travels as parts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BlockId(pub [u8; 32]);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<ledger::Hash> for BlockId {
    fn from(hash: ledger::Hash) -> Self {
        Self(hash.0)
    }
}

impl From<BlockId> for ledger::Hash {
    fn from(id: BlockId) -> Self {
        Self(id.0)
    }
}

impl engine::Value for BlockId {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

/// A prevote or precommit. Vote extensions are disabled on our chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub kind: VoteType,
    pub height: Height,
    pub round: Round,
    pub value: NilOrVal<BlockId>,
    pub address: Address,
}

impl engine::Vote<Chain> for Vote {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }

    fn vote_type(&self) -> VoteType {
        self.kind
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    fn extension(&self) -> Option<&SignedExtension<Chain>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Chain>> {
        None
    }

    fn extend(self, _extension: SignedExtension<Chain>) -> Self {
        self
    }
}

/// The signed announcement that a proposer stands for a block at a height and round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub height: Height,
    pub round: Round,
    pub value: BlockId,
    pub pol_round: Round,
    pub proposer: Address,
}

impl engine::Proposal<Chain> for Proposal {
    fn height(&self) -> Height {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &BlockId {
        &self.value
    }

    fn take_value(self) -> BlockId {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}
