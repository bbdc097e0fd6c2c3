use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::{ProposedValue, SignedConsensusMsg};

use super::{Message, Reader, WireError, Writer};
use crate::context::engine::{SignedMessage, Validity, VoteType};
use crate::context::{Chain, Init, Part, Proposal, Vote};
use crate::limits;

impl Message for VoteType {
    fn put(&self, out: &mut Writer) {
        out.u8(match self {
            Self::Prevote => 1,
            Self::Precommit => 2,
        });
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        match input.u8()? {
            1 => Ok(Self::Prevote),
            2 => Ok(Self::Precommit),
            _ => Err(WireError::Tag),
        }
    }
}

impl Message for Vote {
    fn put(&self, out: &mut Writer) {
        self.kind.put(out);
        out.height(self.height);
        out.round(self.round);
        out.block_or_nil(&self.value);
        out.raw(&self.address.0);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            kind: VoteType::take(input)?,
            height: input.height()?,
            round: input.some_round()?,
            value: input.block_or_nil()?,
            address: input.address()?,
        })
    }
}

impl Message for Proposal {
    fn put(&self, out: &mut Writer) {
        out.height(self.height);
        out.round(self.round);
        out.raw(&self.value.0);
        out.round(self.pol_round);
        out.raw(&self.proposer.0);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            height: input.height()?,
            round: input.some_round()?,
            value: input.block()?,
            pol_round: input.round()?,
            proposer: input.address()?,
        })
    }
}

impl<T: Message> Message for SignedMessage<Chain, T> {
    fn put(&self, out: &mut Writer) {
        self.message.put(out);
        out.signature(&self.signature);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let message = T::take(input)?;
        Ok(Self::new(message, input.signature()?))
    }
}

impl Message for SignedConsensusMsg<Chain> {
    fn put(&self, out: &mut Writer) {
        match self {
            Self::Vote(vote) => {
                out.u8(1);
                vote.put(out);
            }
            Self::Proposal(proposal) => {
                out.u8(2);
                proposal.put(out);
            }
        }
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        match input.u8()? {
            1 => Message::take(input).map(Self::Vote),
            2 => Message::take(input).map(Self::Proposal),
            _ => Err(WireError::Tag),
        }
    }
}

impl Message for Part {
    fn put(&self, out: &mut Writer) {
        match self {
            Self::Init(init, bytes) => {
                out.u8(1);
                out.height(init.height);
                out.round(init.round);
                out.round(init.valid_round);
                out.raw(&init.block.0);
                out.u32(init.bytes);
                out.bytes(bytes);
            }
            Self::Chunk(bytes) => {
                out.u8(2);
                out.bytes(bytes);
            }
            Self::Wake(height) => {
                out.u8(3);
                out.height(*height);
            }
        }
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        match input.u8()? {
            1 => {
                let init = Init {
                    height: input.height()?,
                    round: input.some_round()?,
                    valid_round: input.round()?,
                    block: input.block()?,
                    bytes: input.u32()?,
                };
                Ok(Self::Init(init, input.bytes(limits::PART_BYTES)?))
            }
            2 => input.bytes(limits::PART_BYTES).map(Self::Chunk),
            3 => input.height().map(Self::Wake),
            _ => Err(WireError::Tag),
        }
    }
}

impl Message for StreamMessage<Part> {
    fn put(&self, out: &mut Writer) {
        out.bytes(&self.stream_id.to_bytes());
        out.u64(self.sequence);
        match &self.content {
            StreamContent::Data(part) => {
                out.u8(1);
                part.put(out);
            }
            StreamContent::Fin => out.u8(2),
        }
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let stream_id = StreamId::new(input.bytes(limits::STREAM_ID_BYTES_MAX)?);
        let sequence = input.u64()?;
        let content = match input.u8()? {
            1 => StreamContent::Data(Part::take(input)?),
            2 => StreamContent::Fin,
            _ => return Err(WireError::Tag),
        };
        Ok(Self::new(stream_id, sequence, content))
    }
}

impl Message for ProposedValue<Chain> {
    fn put(&self, out: &mut Writer) {
        out.height(self.height);
        out.round(self.round);
        out.round(self.valid_round);
        out.raw(&self.proposer.0);
        out.raw(&self.value.0);
        out.u8(u8::from(self.validity.is_valid()));
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            height: input.height()?,
            round: input.some_round()?,
            valid_round: input.round()?,
            proposer: input.address()?,
            value: input.block()?,
            validity: match input.u8()? {
                0 => Validity::Invalid,
                1 => Validity::Valid,
                _ => return Err(WireError::Tag),
            },
        })
    }
}
