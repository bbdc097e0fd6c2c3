//! Changes to the directory that more than two thirds of the governors sign.
//!
//! A governor is an organisation that has a validator in the set that votes on the block: who votes on blocks governs
//! the directory, each organisation once, whatever the weight of its votes. Suspension takes no governor's say away,
//! as it takes no vote: otherwise a regulator could suspend its way to a quorum of its own. Who is to govern no longer
//! is left out of the next set of validators.

use std::collections::BTreeSet;

use lifecycle::Refusal;
use serde::{Deserialize, Serialize};

use super::{Directory, Entry, GovernedAct, OrganisationId};
use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::hash::TaggedHasher;
use crate::limits::{EFFECTIVE_AHEAD_MAX, EFFECTIVE_AHEAD_MIN, GOVERNED_PENDING_MAX, VALIDATORS_MAX};
use crate::{Hash, Height, Signature, SigningKey, ValidatorSet, tags};

/// One governor's signature under a governed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who signed.
    pub governor: OrganisationId,
    /// By a key that may sign the organisation's batches in the block that includes the change; over
    /// [`GovernedChange::digest`].
    pub signature: Signature,
}
canonical_struct!(Approval { governor, signature });

/// A change that takes a quorum of governors. Any member may carry it in its batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernedChange {
    /// Above that of every governed change before it: none is included twice.
    pub number: u64,
    /// Height of the block in which it takes effect, before everything else in that block.
    pub effective: Height,
    /// What is changed.
    pub act: GovernedAct,
    /// Who approves, by number of the organisation, ascending.
    pub approvals: Vec<Approval>,
}

impl GovernedChange {
    /// A change that nobody has approved yet.
    pub fn new(number: u64, effective: Height, act: GovernedAct) -> Self {
        GovernedChange { number, effective, act, approvals: Vec::new() }
    }

    /// What governors sign: network, number, height and act, under a tag of its own.
    pub fn digest(&self, network: &Hash) -> Hash {
        TaggedHasher::new(tags::GOVERNED_CHANGE)
            .fixed(&network.0)
            .fixed(&self.number.to_be_bytes())
            .fixed(&self.effective.0.to_be_bytes())
            .var(&self.act.to_bytes())
            .finish()
    }

    /// Adds a governor's approval, in its place, instead of one that it gave before.
    pub fn approve(&mut self, network: &Hash, governor: OrganisationId, key: &SigningKey) {
        let approval = Approval { governor, signature: key.sign(&self.digest(network)) };
        match self.approvals.binary_search_by_key(&governor, |approval| approval.governor) {
            Ok(at) => self.approvals[at] = approval,
            Err(at) => self.approvals.insert(at, approval),
        }
    }
}

impl Canonical for GovernedChange {
    fn write(&self, to: &mut Writer) {
        self.number.write(to);
        self.effective.write(to);
        self.act.write(to);
        to.list(&self.approvals);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(GovernedChange {
            number: u64::read(from)?,
            effective: Height::read(from)?,
            act: GovernedAct::read(from)?,
            approvals: from.list("approvals", VALIDATORS_MAX)?,
        })
    }
}

/// What became of a governed change that a block included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Its height is still to come.
    Pending,
    /// It took effect at its height.
    Done,
    /// At its height it no longer fitted the directory, and nothing happened.
    Dropped(Refusal),
}

impl Canonical for Fate {
    fn write(&self, to: &mut Writer) {
        match self {
            Fate::Pending => 0u8.write(to),
            Fate::Done => 1u8.write(to),
            Fate::Dropped(refusal) => {
                2u8.write(to);
                refusal.write(to);
            }
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(from)? {
            0 => Ok(Fate::Pending),
            1 => Ok(Fate::Done),
            2 => Ok(Fate::Dropped(Refusal::read(from)?)),
            _ => Err(DecodeError::Invalid { what: "fate of a governed change" }),
        }
    }
}

/// A governed change in the directory: kept for good, so that everybody sees what was decided and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governed {
    /// Its number.
    pub number: u64,
    /// Height at which it takes effect.
    pub effective: Height,
    /// Height of the block that included it.
    pub included: Height,
    /// Whose batch carried it.
    pub author: OrganisationId,
    /// What is changed.
    pub act: GovernedAct,
    /// What became of it.
    pub fate: Fate,
}
canonical_struct!(Governed { number, effective, included, author, act, fate });

impl Directory {
    /// The organisations that govern: those with a validator.
    pub fn governors(&self) -> BTreeSet<OrganisationId> {
        self.validators().iter().map(|validator| validator.organisation).collect()
    }

    /// Number of the last governed change included; 0: none.
    pub fn last_governed(&self) -> u64 {
        self.governed.last_key_value().map_or(0, |(number, _)| *number)
    }

    /// All governed changes, by number.
    pub fn governed(&self) -> impl Iterator<Item = &Governed> {
        self.governed.values()
    }

    /// The sets of validators that governed changes made or will make, each with the first height that it votes on, in
    /// the order in which they follow one another.
    pub fn validator_changes(&self) -> Vec<(Height, &ValidatorSet)> {
        let mut changes: Vec<_> = self.governed.values().filter_map(Governed::validators).collect();
        // By height and then by number: the sort is stable.
        changes.sort_by_key(|(height, _)| *height);
        changes
    }

    /// Who votes on the block at `height`, as far as it is decided: the current set, or the last that takes effect up to
    /// there. A change of validators, once included, is never dropped, so that headers can name the set ahead.
    pub fn validators_at(&self, height: Height) -> &ValidatorSet {
        let due = self.pending.iter().take_while(|(effective, _)| *effective <= height);
        let sets = due.filter_map(|(_, number)| Some(self.governed.get(number)?.validators()?.1));
        sets.last().unwrap_or(self.validators())
    }

    /// Whether a governed change takes effect at `height`, or should have before.
    pub fn is_due(&self, height: Height) -> bool {
        self.pending.first().is_some_and(|(effective, _)| *effective <= height)
    }

    /// Makes the changes that are due at `height`, in the order of their heights and numbers. Gives the entries that are
    /// new or changed.
    pub fn take_effect(&mut self, height: Height) -> Vec<Entry> {
        let mut entries = Vec::new();
        while let Some((_, number)) = self.pending.first().filter(|(effective, _)| *effective <= height) {
            let Some(mut governed) = self.governed.get(number).cloned() else { break };
            governed.fate = match governed.act.effect(self, governed.effective) {
                Ok(entry) => {
                    self.put(entry.clone());
                    entries.push(entry);
                    Fate::Done
                }
                Err(refusal) => Fate::Dropped(refusal),
            };
            self.put(Entry::Governed(governed.clone()));
            entries.push(Entry::Governed(governed));
        }
        entries
    }

    /// Decides whether a block at `height` may take a governed change up, and the entry that it is kept as until its own
    /// height comes.
    ///
    /// # Errors
    /// The [`Refusal`] that applies, in the order: number, height, room, quorum, fit.
    pub fn admit_governed(
        &self,
        network: &Hash,
        author: OrganisationId,
        change: &GovernedChange,
        height: Height,
    ) -> Result<Entry, Refusal> {
        if change.number <= self.last_governed() {
            return Err(Refusal::Number);
        }
        let ahead = change.effective.0.saturating_sub(height.0);
        if !(EFFECTIVE_AHEAD_MIN..=EFFECTIVE_AHEAD_MAX).contains(&ahead) {
            return Err(Refusal::Effective);
        }
        if self.pending.len() >= GOVERNED_PENDING_MAX {
            return Err(Refusal::Unfit);
        }
        self.check_quorum(network, change, height)?;
        change.act.fits(self, change.effective)?;
        let GovernedChange { number, effective, act, .. } = change.clone();
        let (included, fate) = (height, Fate::Pending);
        Ok(Entry::Governed(Governed { number, effective, included, author, act, fate }))
    }

    fn check_quorum(&self, network: &Hash, change: &GovernedChange, height: Height) -> Result<(), Refusal> {
        let (governors, approvals) = (self.governors(), &change.approvals);
        let ascending = approvals.windows(2).all(|pair| pair[0].governor < pair[1].governor);
        if !ascending || approvals.len() * 3 <= governors.len() * 2 {
            return Err(Refusal::Quorum);
        }
        let digest = change.digest(network);
        let holds = |approval: &Approval| {
            let organisation = self.organisation(approval.governor);
            let keys = organisation.into_iter().flat_map(|organisation| organisation.keys_at(height));
            governors.contains(&approval.governor) && { keys }
                .any(|key| key.verify(&digest, &approval.signature).is_ok())
        };
        if approvals.iter().all(holds) { Ok(()) } else { Err(Refusal::Quorum) }
    }
}

impl Governed {
    /// The set of validators that it makes, and the first height that they vote on.
    pub fn validators(&self) -> Option<(Height, &ValidatorSet)> {
        match &self.act {
            GovernedAct::SetValidators { validators } => Some((self.effective, validators)),
            _ => None,
        }
    }
}
