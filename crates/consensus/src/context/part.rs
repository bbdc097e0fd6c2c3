use bytes::Bytes;

use super::engine::{self, Round};
use super::{BlockId, Chain, Height};

/// One message on the channel for proposal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Opens a stream: what follows is this block. With the first `PART_BYTES` of it, so that most blocks are one
    /// message.
    Init(Init, Bytes),
    /// The next `PART_BYTES` of the block.
    Chunk(Bytes),
    /// Not part of a block: "there is work, start this height". Sent to peers that pace themselves.
    Wake(Height),
}

/// Opens a proposal stream. The lengths that follow are implied by `bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Init {
    pub height: Height,
    pub round: Round,
    /// Round in which the block had a quorum of prevotes, nil for a new one.
    pub valid_round: Round,
    pub block: BlockId,
    /// Length of the encoded block.
    pub bytes: u32,
}

impl engine::ProposalPart<Chain> for Part {
    fn is_first(&self) -> bool {
        matches!(self, Self::Init(..))
    }

    /// The end is the stream's own mark, never one of our parts.
    fn is_last(&self) -> bool {
        false
    }
}
