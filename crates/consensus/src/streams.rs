//! A block on its way: cut into parts by its proposer, put together again by everybody else, within bounds.

use std::collections::{BTreeMap, VecDeque};

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamId, StreamMessage};
use arc_malachitebft_app_channel::app::types::PeerId;
use bytes::Bytes;

use crate::context::{Init, Part};
use crate::limits;

/// A stream's name: height, round, and a counter of its sender, since a block may be streamed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name {
    height: u64,
    round: u32,
    count: u32,
}

impl Name {
    fn encode(self) -> StreamId {
        let mut bytes = Vec::with_capacity(limits::STREAM_ID_BYTES_MAX);
        bytes.extend_from_slice(&self.height.to_be_bytes());
        bytes.extend_from_slice(&self.round.to_be_bytes());
        bytes.extend_from_slice(&self.count.to_be_bytes());
        StreamId::new(bytes.into())
    }

    fn decode(id: &StreamId) -> Option<Self> {
        let bytes: [u8; limits::STREAM_ID_BYTES_MAX] = id.to_bytes().as_ref().try_into().ok()?;
        let value = u128::from_be_bytes(bytes);
        Some(Self { height: (value >> 64) as u64, round: (value >> 32) as u32, count: value as u32 })
    }
}

/// The messages that carry one part outside a proposal.
pub(crate) fn lone(part: Part, count: u32) -> StreamMessage<Part> {
    let id = Name { height: 0, round: 0, count }.encode();
    StreamMessage::new(id, 0, StreamContent::Data(part))
}

/// The messages that carry a block: its announcement with the first part, then the others. `count` must differ
/// between streams of one height and round.
pub(crate) fn split(init: Init, block: Bytes, count: u32) -> impl Iterator<Item = StreamMessage<Part>> {
    let round = init.round.as_u32().unwrap_or(0);
    let id = Name { height: init.height.0, round, count }.encode();
    (0..block.len()).step_by(limits::PART_BYTES).zip(0..).map(move |(from, sequence)| {
        let bytes = block.slice(from..block.len().min(from + limits::PART_BYTES));
        let part = if sequence == 0 { Part::Init(init, bytes) } else { Part::Chunk(bytes) };
        StreamMessage::new(id.clone(), sequence, StreamContent::Data(part))
    })
}

/// A complete block, not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    pub from: PeerId,
    pub init: Init,
    pub block: Bytes,
}

/// Why a part was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the stream's name is not one of ours")]
    Name,
    #[error("the stream is for a height long decided or far ahead")]
    Height,
    #[error("a part at a place where none belongs")]
    Sequence,
    #[error("the announcement contradicts the stream's name or the bounds")]
    Init,
    #[error("the parts do not have the announced length")]
    Length,
}

#[derive(Debug)]
struct Stream {
    name: Name,
    init: Option<Init>,
    chunks: BTreeMap<u64, Bytes>,
}

/// Streams in flight, at most `STREAMS_PER_PEER` a peer: a further one pushes out the peer's oldest.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    peers: BTreeMap<PeerId, VecDeque<Stream>>,
}

impl Streams {
    /// Takes a part, in any order; gives the block when it is complete. `tip` is the last decided height.
    pub(crate) fn receive(
        &mut self,
        from: PeerId,
        message: StreamMessage<Part>,
        tip: u64,
    ) -> Result<Option<Assembled>, Refused> {
        let name = Name::decode(&message.stream_id).ok_or(Refused::Name)?;
        if name.height <= tip || name.height > tip.saturating_add(limits::PENDING_HEIGHTS_AHEAD) {
            return Err(Refused::Height);
        }
        let StreamContent::Data(part) = message.content else {
            return Ok(None);
        };
        let streams = self.peers.entry(from).or_default();
        let at = match streams.iter().position(|stream| stream.name == name) {
            Some(at) => at,
            None => {
                if streams.len() >= limits::STREAMS_PER_PEER {
                    streams.pop_front();
                }
                streams.push_back(Stream { name, init: None, chunks: BTreeMap::new() });
                streams.len() - 1
            }
        };
        let Some(stream) = streams.get_mut(at) else {
            return Ok(None);
        };
        match stream.take(message.sequence, part) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let done = streams.remove(at).and_then(Stream::assemble);
                Ok(done.map(|(init, block)| Assembled { from, init, block }))
            }
            Err(refused) => {
                streams.remove(at);
                Err(refused)
            }
        }
    }

    /// Forgets streams of heights decided by now. Those of the next height stay: their proposer may be ahead.
    pub(crate) fn decided(&mut self, tip: u64) {
        self.peers.retain(|_, streams| {
            streams.retain(|stream| stream.name.height > tip);
            !streams.is_empty()
        });
    }
}

impl Stream {
    /// Whether the stream is complete with this part.
    fn take(&mut self, sequence: u64, part: Part) -> Result<bool, Refused> {
        match part {
            Part::Init(init, bytes) => {
                let named = init.height.0 == self.name.height && init.round.as_u32() == Some(self.name.round);
                let fits = (1..=limits::BLOCK_BYTES_MAX).contains(&(init.bytes as usize));
                if sequence != 0 || !named || !fits || self.init.is_some_and(|known| known != init) {
                    return Err(Refused::Init);
                }
                self.init = Some(init);
                self.chunks.entry(0).or_insert(bytes);
            }
            Part::Chunk(bytes) => {
                if sequence == 0 || sequence >= limits::PARTS_MAX as u64 || bytes.len() > limits::PART_BYTES {
                    return Err(Refused::Sequence);
                }
                self.chunks.entry(sequence).or_insert(bytes);
            }
            Part::Wake(_) => return Err(Refused::Sequence),
        }
        let Some(init) = self.init else {
            return Ok(false);
        };
        let count = (init.bytes as usize).div_ceil(limits::PART_BYTES);
        if self.chunks.len() < count {
            return Ok(false);
        }
        let total: usize = self.chunks.values().map(Bytes::len).sum();
        let last = self.chunks.last_key_value().map(|(sequence, _)| *sequence);
        if total == init.bytes as usize && last.map(|last| last + 1) == Some(count as u64) {
            Ok(true)
        } else {
            Err(Refused::Length)
        }
    }

    fn assemble(self) -> Option<(Init, Bytes)> {
        let init = self.init?;
        let mut block = Vec::with_capacity(init.bytes as usize);
        self.chunks.values().for_each(|chunk| block.extend_from_slice(chunk));
        Some((init, block.into()))
    }
}

/// Complete blocks for a height that has not started here.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Assembled>);

/// Complete blocks of one peer that wait: its proposal for the next height, and one for a later round of it.
const PENDING_PER_PEER: usize = 2;

impl Pending {
    /// Keeps a block, unless its sender or all senders together have too many waiting.
    pub(crate) fn keep(&mut self, proposal: Assembled) {
        let of_peer = self.0.iter().filter(|kept| kept.from == proposal.from).count();
        if of_peer < PENDING_PER_PEER && self.0.len() < limits::PENDING_PROPOSALS_MAX {
            self.0.push(proposal);
        } else {
            tracing::warn!(peer.id = %proposal.from, "too many proposals wait for the next height");
        }
    }

    /// Takes those for `height`, forgetting those below.
    pub(crate) fn take(&mut self, height: u64) -> Vec<Assembled> {
        let (due, later) = std::mem::take(&mut self.0).into_iter().partition(|p| p.init.height.0 <= height);
        self.0 = later;
        let due: Vec<Assembled> = due;
        due.into_iter().filter(|p| p.init.height.0 == height).collect()
    }
}

#[cfg(test)]
mod tests;
