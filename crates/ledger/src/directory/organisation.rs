//! Who takes part.

use gs1::{CompanyPrefix, Gln};
use lifecycle::Role;
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::limits::ORGANISATION_LIST_MAX;
use crate::{Height, PublicKey};

/// Number of an organisation in the directory, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganisationId(pub u32);

impl Canonical for OrganisationId {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(OrganisationId(u32::read(from)?))
    }
}

impl std::fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A key that signs an organisation's batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// The key.
    pub public_key: PublicKey,
    /// First height at which it may sign.
    pub from: Height,
    /// First height at which it no longer may.
    pub until: Option<Height>,
}
canonical_struct!(KeyEntry { public_key, from, until });

/// Whether an organisation may take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStanding {
    /// It may.
    Good,
    /// Its batches are not includable.
    Suspended,
}

/// A trading partner or authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its number.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// Its part in the supply chain.
    pub role: Role,
    /// Its sites, legal entity first.
    pub glns: Vec<Gln>,
    /// Its GS1 company prefixes: it may register products under them.
    pub company_prefixes: Vec<CompanyPrefix>,
    /// Keys that sign its batches.
    pub keys: Vec<KeyEntry>,
    /// For whom it may commission, besides itself.
    #[serde(default)]
    pub commissions_for: Vec<OrganisationId>,
    /// Whether it may take part, and since when.
    pub standing: OrganisationStanding,
    /// Height at which the standing was last set; 0: at genesis.
    pub standing_since: Height,
}

impl Organisation {
    /// Whether `key` may sign a batch in the block at `height`.
    pub fn has_key(&self, key: &PublicKey, height: Height) -> bool {
        self.keys.iter().any(|entry| {
            entry.public_key == *key && entry.from <= height && entry.until.is_none_or(|until| height < until)
        })
    }

    /// Keys that may sign a batch in the block at `height`.
    pub fn keys_at(&self, height: Height) -> impl Iterator<Item = &PublicKey> {
        self.keys
            .iter()
            .filter(move |entry| entry.from <= height && entry.until.is_none_or(|until| height < until))
            .map(|entry| &entry.public_key)
    }
}

impl Canonical for Organisation {
    fn write(&self, to: &mut Writer) {
        self.id.write(to);
        self.name.write(to);
        self.role.write(to);
        to.list(&self.glns);
        to.list(&self.company_prefixes);
        to.list(&self.keys);
        to.list(&self.commissions_for);
        self.standing.write(to);
        self.standing_since.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Organisation {
            id: OrganisationId::read(from)?,
            name: String::read(from)?,
            role: Role::read(from)?,
            glns: from.list("sites", ORGANISATION_LIST_MAX)?,
            company_prefixes: from.list("company prefixes", ORGANISATION_LIST_MAX)?,
            keys: from.list("keys", ORGANISATION_LIST_MAX)?,
            commissions_for: from.list("issuers", ORGANISATION_LIST_MAX)?,
            standing: OrganisationStanding::read(from)?,
            standing_since: Height::read(from)?,
        })
    }
}

impl Canonical for OrganisationStanding {
    fn write(&self, to: &mut Writer) {
        u8::from(*self == OrganisationStanding::Suspended).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::read(from)? { OrganisationStanding::Suspended } else { OrganisationStanding::Good })
    }
}
