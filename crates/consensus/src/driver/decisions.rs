use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::{Next, SyncedValueOutcome};
use arc_malachitebft_app_channel::app::types::sync::RawDecidedValue;
use bytes::Bytes;
use ledger::Certificate;

use super::pace::{Pace, Reason};
use super::{Driver, End};
use crate::app::{App, AppError, Committed, Verdict};
use crate::context::engine::{CommitCertificate, Round, Validity};
use crate::context::{Address, Chain, Height, Validators};
use crate::convert;
use crate::error::Result;
use crate::limits;
use crate::store::ProposedValue;

/// The application's answer to a decided block.
pub(super) struct Commit {
    height: u64,
    answer: std::result::Result<Committed, AppError>,
    reply: Reply<()>,
    began: Instant,
}

/// Commits, for as long as the application is not available.
pub(crate) async fn commit_retrying(
    app: &Arc<dyn App>,
    block: Vec<u8>,
    certificate: Certificate,
) -> std::result::Result<Committed, AppError> {
    let (mut wait, longest) = limits::COMMIT_RETRY;
    loop {
        match app.commit(certificate.height, block.clone(), certificate.clone()).await {
            Err(AppError::Unavailable(source)) => {
                let height = certificate.height.0;
                tracing::warn!(
                    block.height = height,
                    error = &*source as &dyn std::error::Error,
                    "cannot commit yet"
                );
                tokio::time::sleep(wait).await;
                wait = longest.min(wait * 2);
            }
            answer => return answer,
        }
    }
}

/// The last applied height, as soon as the application can tell.
pub(crate) async fn applied_height(app: &Arc<dyn App>) -> std::result::Result<u64, AppError> {
    let (mut wait, longest) = limits::COMMIT_RETRY;
    loop {
        match app.height().await {
            Err(AppError::Unavailable(_)) => {
                tokio::time::sleep(wait).await;
                wait = longest.min(wait * 2);
            }
            answer => return answer.map(|height| height.0),
        }
    }
}

impl Driver<'_> {
    /// The engine has a quorum of precommits: makes the decision durable, then lets the application apply it.
    pub(super) async fn decided(
        &mut self,
        certificate: &CommitCertificate<Chain>,
        reply: Reply<()>,
    ) -> Result<()> {
        let began = Instant::now();
        let height = certificate.height.0;
        let certificate = convert::certificate(certificate);
        let kept = certificate.clone();
        let block = self.store.run(move |store| store.decide(&kept)).await?;
        self.streams.decided(height);
        self.live = if self.synced == height { 0 } else { self.live.saturating_add(1) };
        let app = self.app.clone();
        self.commit = Some(tokio::spawn(async move {
            let answer = commit_retrying(&app, block, certificate).await;
            Commit { height, answer, reply, began }
        }));
        Ok(())
    }

    /// The application has applied the block, or refuses to.
    pub(super) fn committed(&mut self, commit: Commit) -> Result<Option<End>> {
        self.commit = None;
        let Commit { height, answer, reply, began } = commit;
        let committed = match answer {
            Ok(committed) => committed,
            Err(error) => return Ok(Some(End::Halted(error.to_string()))),
        };
        self.next_validators = Some(Validators::new(&committed.next_validators)?);
        self.applied = self.applied.max(height);
        self.status.send_modify(|status| status.tip = ledger::Height(height));
        let duration_ms = began.elapsed().as_millis() as u64;
        tracing::info!(block.height = height, duration_ms, "committed");
        let _ = reply.send(());
        if !self.votes && self.live >= limits::FOLLOW_HEIGHTS {
            return Ok(Some(End::Caught));
        }
        self.try_next();
        Ok(None)
    }

    /// Once the height is both finalized and committed: starts the next one, or a pause before it.
    pub(super) fn try_next(&mut self) {
        if self.finalized.is_none() || self.next_validators.is_none() {
            return;
        }
        if self.synced == self.height || !self.votes || self.peers_at > self.height {
            self.go(Reason::Peers);
        } else {
            self.pace = Some(Pace::new(self.app.clone(), self.config.heartbeat));
        }
    }

    /// The pause is over.
    pub(super) async fn resume(&mut self, reason: Reason) {
        if reason.is_news() {
            self.announce(self.height + 1).await;
        }
        self.go(reason);
    }

    /// Starts the next height.
    fn go(&mut self, reason: Reason) {
        self.pace = None;
        if let (Some(reply), Some(validators)) = (self.finalized.take(), self.next_validators.take()) {
            self.height += 1;
            self.validators = validators;
            tracing::debug!(block.height = self.height, ?reason, "next height");
            let _ = reply.send(Next::Start(Height(self.height), self.params(self.validators.clone())));
        }
    }

    /// A peer works on a height: ends the pause before it. A height far away counts as the next one, so that a
    /// peer which names an absurd one cannot keep this node awake.
    pub(super) fn peer_at(&mut self, height: u64) {
        self.peers_at = self.peers_at.max(height.min(self.height + 1));
        if self.peers_at > self.height && self.pace.is_some() {
            self.go(Reason::Peers);
        }
    }

    /// A block that others decided, whose certificate the engine has verified. One that this node calls invalid
    /// shows that its state or rules differ from everybody's: it must not vote on.
    pub(super) async fn synced_value(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        block: Bytes,
    ) -> Result<(SyncedValueOutcome<Chain>, Option<End>)> {
        let Some(hash) = self.app.block_hash(&block).filter(|_| block.len() <= limits::BLOCK_BYTES_MAX)
        else {
            return Ok((SyncedValueOutcome::PeerFault, None));
        };
        if height.0 > self.applied {
            match self.app.check(height.into(), &block).await {
                Ok(Verdict::Valid { .. }) => {}
                Ok(Verdict::Invalid { reason }) => {
                    let reason = format!("block {} was decided, and is invalid here: {reason}", height.0);
                    return Ok((SyncedValueOutcome::LocalTransientError, Some(End::Halted(reason))));
                }
                Err(error) => {
                    let height = height.0;
                    tracing::warn!(
                        block.height = height,
                        error = &error as &dyn std::error::Error,
                        "cannot judge"
                    );
                    return Ok((SyncedValueOutcome::LocalTransientError, None));
                }
            }
        }
        let value = hash.into();
        let validity = Validity::Valid;
        let proposed = ProposedValue { height, round, valid_round: Round::Nil, proposer, value, validity };
        let kept = proposed.clone();
        self.store.run(move |store| store.put_proposal(kept, false, &block)).await?;
        self.synced = height.0;
        Ok((SyncedValueOutcome::Verdict(proposed), None))
    }

    /// Decided blocks for a peer that catches up, as many as one response holds.
    pub(super) async fn history(
        &mut self,
        range: RangeInclusive<Height>,
    ) -> Result<Vec<RawDecidedValue<Chain>>> {
        let (first, last) = (range.start().0, range.end().0);
        let last = last.min(first.saturating_add(limits::SYNC_BATCH_MAX as u64 - 1));
        let work = move |store: &mut crate::store::Store| {
            let mut values = Vec::new();
            let mut bytes = 0;
            for height in first..=last {
                let Some((block, certificate)) = store.decided(height)? else { break };
                let Some(certificate) = convert::commit_certificate(&certificate) else { break };
                bytes += block.len();
                values.push(RawDecidedValue::new(block.into(), certificate));
                if bytes > limits::SYNC_RESPONSE_BYTES {
                    break;
                }
            }
            Ok(values)
        };
        self.store.run(work).await
    }
}
