use std::time::Duration;

use arc_malachitebft_app_channel::app::streaming::{StreamContent, StreamMessage};
use arc_malachitebft_app_channel::app::types::{LocallyProposedValue, PeerId};
use arc_malachitebft_app_channel::{NetworkMsg, Reply};
use bytes::Bytes;

use super::Driver;
use crate::app::Verdict;
use crate::context::engine::{Context as _, Round, Validity};
use crate::context::{BlockId, Chain, Height, Init, Part, Validator};
use crate::convert::round_number;
use crate::error::Result;
use crate::limits;
use crate::store::ProposedValue;
use crate::streams::{Assembled, split};

/// Blocks kept of one round: the proposer's, and one more to show that it proposed two.
const PROPOSALS_PER_ROUND: usize = 2;

impl Driver<'_> {
    /// A round began: judges what arrived for this height too early, and gives the engine every block known for
    /// the round, which after a restart it only knows by hash.
    pub(super) async fn started_round(&mut self, height: Height, round: Round) -> Result<Vec<ProposedValue>> {
        self.status.send_modify(|status| {
            status.height = height.into();
            status.round = round_number(round);
        });
        for proposal in self.pending.take(height.0) {
            self.judge(proposal).await?;
        }
        self.store.look(|store| store.proposals(height.0, round))
    }

    /// This node proposes. The same block again if it was asked before; otherwise the application's, made durable
    /// before the engine hears of it. Without an answer the round fails and the next proposer takes over.
    pub(super) async fn build(
        &mut self,
        height: Height,
        round: Round,
        timeout: Duration,
        reply: Reply<LocallyProposedValue<Chain>>,
    ) -> Result<()> {
        let known = match self.store.look(|store| store.own_proposal(height.0, round))? {
            Some(id) => {
                self.store.run(move |store| store.payload(height.0, id)).await?.map(|block| (id, block))
            }
            None => None,
        };
        let (id, block) = match known {
            Some((id, block)) => (id, Bytes::from(block)),
            None => match self.ask_for_block(height, round, timeout).await {
                Some((id, block)) => {
                    self.keep_own(height, round, id, block.clone()).await?;
                    (id, block)
                }
                None => return Ok(()),
            },
        };
        let _ = reply.send(LocallyProposedValue::new(height, round, id));
        self.publish(height, round, Round::Nil, id, block).await;
        Ok(())
    }

    async fn ask_for_block(
        &mut self,
        height: Height,
        round: Round,
        timeout: Duration,
    ) -> Option<(BlockId, Bytes)> {
        // The other half of the time is for the block to reach the others.
        let asked = self.app.propose(height.into(), round_number(round), timeout / 2);
        let block = match tokio::time::timeout(timeout, asked).await {
            Ok(Ok(block)) => block,
            Ok(Err(error)) => {
                tracing::warn!(
                    block.height = height.0,
                    error = &error as &dyn std::error::Error,
                    "no proposal"
                );
                return None;
            }
            Err(_) => {
                tracing::warn!(block.height = height.0, "the application was too late with a proposal");
                return None;
            }
        };
        if !(1..=limits::BLOCK_BYTES_MAX).contains(&block.len()) {
            tracing::error!(
                block.height = height.0,
                block.bytes = block.len(),
                "proposal of an impossible length"
            );
            return None;
        }
        let hash = self.app.block_hash(&block)?;
        Some((hash.into(), block.into()))
    }

    async fn keep_own(&mut self, height: Height, round: Round, id: BlockId, block: Bytes) -> Result<()> {
        let proposer = self.proposer(height, round).address;
        let value = ProposedValue {
            height,
            round,
            valid_round: Round::Nil,
            proposer,
            value: id,
            validity: Validity::Valid,
        };
        self.store.run(move |store| store.put_proposal(value, true, &block)).await
    }

    /// Sends a block to all peers.
    async fn publish(&mut self, height: Height, round: Round, valid_round: Round, id: BlockId, block: Bytes) {
        self.stream_count = self.stream_count.wrapping_add(1);
        let bytes = u32::try_from(block.len()).unwrap_or(u32::MAX);
        let init = Init { height, round, valid_round, block: id, bytes };
        for message in split(init, block, self.stream_count) {
            if self.engine.channels.network.send(NetworkMsg::PublishProposalPart(message)).await.is_err() {
                return;
            }
        }
    }

    /// This node proposes a block that had a quorum of prevotes in an earlier round: sends it again.
    pub(super) async fn restream(
        &mut self,
        height: Height,
        round: Round,
        valid_round: Round,
        id: BlockId,
    ) -> Result<()> {
        match self.store.run(move |store| store.payload(height.0, id)).await? {
            Some(block) => self.publish(height, round, valid_round, id, block.into()).await,
            None => tracing::warn!(block.height = height.0, "asked to send a block that is not here"),
        }
        Ok(())
    }

    /// A part arrived. The answer is a block when it is complete and belongs to the height in progress.
    pub(super) async fn received_part(
        &mut self,
        from: PeerId,
        message: StreamMessage<Part>,
    ) -> Result<Option<ProposedValue>> {
        if let StreamContent::Data(Part::Wake(height)) = message.content {
            self.peer_at(height.0);
            return Ok(None);
        }
        let decided = self.height - 1 + u64::from(self.next_validators.is_some() || self.commit.is_some());
        match self.streams.receive(from, message, decided) {
            Ok(Some(proposal)) if proposal.init.height.0 > self.height || decided == self.height => {
                self.peer_at(proposal.init.height.0);
                self.pending.keep(proposal);
                Ok(None)
            }
            Ok(Some(proposal)) => self.judge(proposal).await,
            Ok(None) => Ok(None),
            Err(refused) => {
                tracing::debug!(peer.id = %from, reason = %refused, "part refused");
                Ok(None)
            }
        }
    }

    /// Judges a complete block of the height in progress and makes it durable. `None` if the engine should not
    /// hear of it: it did not come from the proposer, or cannot be judged now.
    async fn judge(&mut self, proposal: Assembled) -> Result<Option<ProposedValue>> {
        let Assembled { from, init, block } = proposal;
        let Init { height, round, valid_round, block: id, .. } = init;
        let proposer = self.proposer(height, round);
        let hash = self.app.block_hash(&block);
        if proposer.peer != from.to_bytes() || hash != Some(id.into()) {
            tracing::warn!(block.height = height.0, peer.id = %from, "not the proposer, or not the announced block");
            return Ok(None);
        }
        let known = self.store.look(|store| store.proposals(height.0, round))?;
        if height.0 <= self.applied || known.len() >= PROPOSALS_PER_ROUND {
            return Ok(None);
        }
        let validity = match self.app.check(height.into(), &block).await {
            Ok(Verdict::Valid { hash }) => Validity::from_bool(hash == id.into()),
            Ok(Verdict::Invalid { reason }) => {
                tracing::warn!(block.height = height.0, proposer = %proposer.address, reason, "invalid block");
                Validity::Invalid
            }
            Err(error) => {
                tracing::warn!(
                    block.height = height.0,
                    error = &error as &dyn std::error::Error,
                    "cannot judge"
                );
                return Ok(None);
            }
        };
        let proposer = proposer.address;
        let value = ProposedValue { height, round, valid_round, proposer, value: id, validity };
        let kept = value.clone();
        self.store.run(move |store| store.put_proposal(kept, false, &block)).await?;
        Ok(Some(value))
    }

    fn proposer(&self, height: Height, round: Round) -> Validator {
        Chain.select_proposer(&self.validators, height, round).clone()
    }
}
