//! What governors can change, whether it fits the directory, and what comes of it.

use gs1::{CompanyPrefix, Gln};
use lifecycle::{Refusal, Transition};
use serde::{Deserialize, Serialize};

use super::{Directory, Entry, KeyEntry, Organisation, OrganisationId, OrganisationStanding};
use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::limits::{ORGANISATION_LIST_MAX, VALIDATOR_POWER_MAX};
use crate::{Height, PublicKey, Rules, ValidatorSet};

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// What is changed. Codes on the ledger are in this order, from 1, and only ever appended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GovernedAct {
    /// Admit an organisation. Its keys begin, and its standing is good, from the change's height on.
    AdmitOrganisation {
        /// Its whole entry.
        organisation: Organisation,
    },
    /// Replace an organisation's sites, company prefixes and whom it commissions for.
    SetOrganisation {
        /// Which.
        organisation: OrganisationId,
        /// Its sites, legal entity first.
        glns: Vec<Gln>,
        /// Its GS1 company prefixes. Products registered under one that is taken away stay its own.
        company_prefixes: Vec<CompanyPrefix>,
        /// For whom it may commission, besides itself.
        commissions_for: Vec<OrganisationId>,
    },
    /// Give an organisation a key from the change's height on, where the old one ends.
    RotateKey {
        /// Which.
        organisation: OrganisationId,
        /// The key that ends; none where it has ended already.
        old: Option<PublicKey>,
        /// The key that begins: no organisation ever had it.
        new: PublicKey,
    },
    /// End an organisation's key.
    RevokeKey {
        /// Which.
        organisation: OrganisationId,
        /// The key that ends.
        key: PublicKey,
    },
    /// Replace the validators: the new ones vote on the block at the change's height, and from there on.
    SetValidators {
        /// All of them.
        validators: ValidatorSet,
    },
    /// Replace the rules: the block at the change's height is executed under the new ones.
    SetRules {
        /// All of them, their version one above that of the rules before.
        rules: Rules,
    },
    /// Suspend or reinstate an organisation, as a regulator may by itself.
    SetStanding {
        /// Which.
        organisation: OrganisationId,
        /// Its standing.
        standing: OrganisationStanding,
        /// Why.
        reason: String,
    },
}

impl GovernedAct {
    /// Whether the act fits the directory as it is: judged when a block includes the change.
    ///
    /// # Errors
    /// [`Refusal::UnknownOrganisation`], [`Refusal::AlreadyInState`], [`Refusal::Unfit`].
    pub fn fits(&self, directory: &Directory, effective: Height) -> Result<(), Refusal> {
        match self {
            GovernedAct::SetValidators { validators } => fitting_validators(directory, validators),
            _ => self.effect(directory, effective).map(drop),
        }
    }

    /// The entry that the act leads to at its height. Validators are not judged again there: a header has named them.
    ///
    /// # Errors
    /// As [`Self::fits`]: what fitted once need not fit later.
    pub fn effect(&self, directory: &Directory, effective: Height) -> Result<Entry, Refusal> {
        let known =
            |id: &OrganisationId| directory.organisation(*id).cloned().ok_or(Refusal::UnknownOrganisation);
        let organisation = match self {
            GovernedAct::AdmitOrganisation { organisation } => {
                admitted(directory, organisation, effective)?;
                organisation.clone()
            }
            GovernedAct::SetOrganisation { organisation, glns, company_prefixes, commissions_for } => {
                let mut changed = known(organisation)?;
                changed.glns.clone_from(glns);
                changed.company_prefixes.clone_from(company_prefixes);
                changed.commissions_for.clone_from(commissions_for);
                lists_fit(directory, &changed)?;
                changed
            }
            GovernedAct::RotateKey { organisation, old, new } => {
                let mut changed = known(organisation)?;
                if let Some(old) = old {
                    end_key(&mut changed, old, effective)?;
                }
                ensure(key_is_new(directory, changed.id, new) && changed.keys.len() < ORGANISATION_LIST_MAX)?;
                changed.keys.push(KeyEntry { public_key: *new, from: effective, until: None });
                changed
            }
            GovernedAct::RevokeKey { organisation, key } => {
                let mut changed = known(organisation)?;
                end_key(&mut changed, key, effective)?;
                changed
            }
            GovernedAct::SetStanding { organisation, standing, .. } => {
                let mut changed = known(organisation)?;
                if changed.standing == *standing {
                    return Err(Refusal::AlreadyInState);
                }
                changed.standing = *standing;
                changed.standing_since = effective;
                changed
            }
            GovernedAct::SetValidators { validators } => return Ok(Entry::Validators(validators.clone())),
            GovernedAct::SetRules { rules } => {
                ensure(directory.rules().version.checked_add(1) == Some(rules.version) && are_sane(rules))?;
                return Ok(Entry::Rules(rules.clone()));
            }
        };
        Ok(Entry::Organisation(organisation))
    }
}

fn ensure(fits: bool) -> Result<(), Refusal> {
    if fits { Ok(()) } else { Err(Refusal::Unfit) }
}

/// A number that nobody has; at least one key, each new; good standing; all from the change's height on.
fn admitted(directory: &Directory, new: &Organisation, effective: Height) -> Result<(), Refusal> {
    ensure(new.id.0 > 0 && directory.organisation(new.id).is_none() && !new.name.is_empty())?;
    ensure(new.standing == OrganisationStanding::Good && new.standing_since == effective)?;
    ensure(!new.keys.is_empty() && are_distinct(new.keys.iter().map(|entry| entry.public_key)))?;
    let begins = |entry: &KeyEntry| {
        entry.from == effective && entry.until.is_none() && key_is_new(directory, new.id, &entry.public_key)
    };
    ensure(new.keys.iter().all(begins))?;
    lists_fit(directory, new)
}

/// Sites and company prefixes are nobody else's, and whom it commissions for exists.
fn lists_fit(directory: &Directory, own: &Organisation) -> Result<(), Refusal> {
    let free = |gln: &Gln| directory.organisation_at(gln).is_none_or(|there| there.id == own.id);
    ensure(own.glns.iter().all(free) && are_distinct(own.glns.iter()))?;
    let others = directory.organisations().filter(|there| there.id != own.id);
    let taken: Vec<&CompanyPrefix> = others.flat_map(|there| &there.company_prefixes).collect();
    for (at, prefix) in own.company_prefixes.iter().enumerate() {
        let earlier = &own.company_prefixes[..at];
        ensure(!taken.iter().copied().chain(earlier).any(|other| overlap(prefix, other)))?;
    }
    let exists = |id: &OrganisationId| *id != own.id && directory.organisation(*id).is_some();
    ensure(own.commissions_for.iter().all(exists) && are_distinct(own.commissions_for.iter()))
}

/// Whether one begins with the other: both would own the same numbers.
fn overlap(one: &CompanyPrefix, other: &CompanyPrefix) -> bool {
    one.as_str().starts_with(other.as_str()) || other.as_str().starts_with(one.as_str())
}

fn are_distinct<T: Ord>(items: impl Iterator<Item = T>) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    { items }.all(|item| seen.insert(item))
}

/// A point of the curve that no organisation ever signed with and no other votes with.
fn key_is_new(directory: &Directory, own: OrganisationId, key: &PublicKey) -> bool {
    key.is_point()
        && !directory.organisations().any(|there| there.keys.iter().any(|entry| entry.public_key == *key))
        && !directory.validators().iter().any(|there| there.organisation != own && there.public_key == *key)
}

fn end_key(organisation: &mut Organisation, key: &PublicKey, effective: Height) -> Result<(), Refusal> {
    let open = |entry: &&mut KeyEntry| {
        entry.public_key == *key
            && entry.from < effective
            && entry.until.is_none_or(|until| effective < until)
    };
    let entry = organisation.keys.iter_mut().find(open).ok_or(Refusal::Unfit)?;
    entry.until = Some(effective);
    Ok(())
}

/// At least one; each of an organisation in good standing, with a key that no other organisation has, and a weight
/// within bounds, so that sums of weights cannot overflow.
fn fitting_validators(directory: &Directory, validators: &ValidatorSet) -> Result<(), Refusal> {
    ensure(!validators.is_empty())?;
    for validator in validators.iter() {
        let organisation =
            directory.organisation(validator.organisation).ok_or(Refusal::UnknownOrganisation)?;
        let others = directory.organisations().filter(|there| there.id != organisation.id);
        let mut foreign = others.flat_map(|there| &there.keys);
        ensure(organisation.standing == OrganisationStanding::Good)?;
        ensure((1..=VALIDATOR_POWER_MAX).contains(&validator.power) && validator.public_key.is_point())?;
        ensure(!foreign.any(|entry| entry.public_key == validator.public_key))?;
    }
    Ok(())
}

/// Bounds within which the ledger can work at all; whether rules are wise is for the governors to judge.
fn are_sane(rules: &Rules) -> bool {
    let rows = &rules.matrix.0;
    let once = rows.iter().enumerate().all(|(at, row)| {
        !rows[..at].iter().any(|other| (other.from, other.transition) == (row.from, row.transition))
    });
    (100..=60_000).contains(&rules.block_ahead_max_ms)
        && rules.windows.ahead_max_ms <= HOUR_MS
        && rules.windows.behind_max_ms <= 30 * DAY_MS
        && !rows.is_empty()
        && once
        && rows.iter().all(|row| {
            !matches!(row.transition, Transition::Commission | Transition::Undo)
                && (1..16).contains(&row.roles)
                && row.undo_window_ms.is_none_or(|window| window <= 366 * DAY_MS)
        })
}

impl Canonical for GovernedAct {
    fn write(&self, to: &mut Writer) {
        match self {
            GovernedAct::AdmitOrganisation { organisation } => {
                1u8.write(to);
                organisation.write(to);
            }
            GovernedAct::SetOrganisation { organisation, glns, company_prefixes, commissions_for } => {
                2u8.write(to);
                organisation.write(to);
                to.list(glns);
                to.list(company_prefixes);
                to.list(commissions_for);
            }
            GovernedAct::RotateKey { organisation, old, new } => {
                3u8.write(to);
                organisation.write(to);
                old.write(to);
                new.write(to);
            }
            GovernedAct::RevokeKey { organisation, key } => {
                4u8.write(to);
                organisation.write(to);
                key.write(to);
            }
            GovernedAct::SetValidators { validators } => {
                5u8.write(to);
                validators.write(to);
            }
            GovernedAct::SetRules { rules } => {
                6u8.write(to);
                rules.write(to);
            }
            GovernedAct::SetStanding { organisation, standing, reason } => {
                7u8.write(to);
                organisation.write(to);
                standing.write(to);
                reason.write(to);
            }
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(from)? {
            1 => GovernedAct::AdmitOrganisation { organisation: Organisation::read(from)? },
            2 => GovernedAct::SetOrganisation {
                organisation: OrganisationId::read(from)?,
                glns: from.list("sites", ORGANISATION_LIST_MAX)?,
                company_prefixes: from.list("company prefixes", ORGANISATION_LIST_MAX)?,
                commissions_for: from.list("issuers", ORGANISATION_LIST_MAX)?,
            },
            3 => GovernedAct::RotateKey {
                organisation: OrganisationId::read(from)?,
                old: Option::read(from)?,
                new: PublicKey::read(from)?,
            },
            4 => GovernedAct::RevokeKey {
                organisation: OrganisationId::read(from)?,
                key: PublicKey::read(from)?,
            },
            5 => GovernedAct::SetValidators { validators: ValidatorSet::read(from)? },
            6 => GovernedAct::SetRules { rules: Rules::read(from)? },
            7 => GovernedAct::SetStanding {
                organisation: OrganisationId::read(from)?,
                standing: OrganisationStanding::read(from)?,
                reason: String::read(from)?,
            },
            _ => return Err(DecodeError::Invalid { what: "kind of governed act" }),
        })
    }
}
