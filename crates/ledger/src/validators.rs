//! Who votes.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::hash::{TaggedHasher, hash_of};
use crate::limits::VALIDATORS_MAX;
use crate::{Hash, OrganisationId, PublicKey, tags};

/// A validator's short name: the first 20 bytes of the tagged hash of its public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);
crate::codec::hex_newtype!(Address, 20);

impl Address {
    /// The address of a public key.
    pub fn of(key: &PublicKey) -> Self {
        let hash = TaggedHasher::new(tags::ADDRESS).fixed(&key.0).finish();
        let mut address = [0; 20];
        address.copy_from_slice(&hash.0[..20]);
        Address(address)
    }
}

/// One voter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// Whose node it is.
    pub organisation: OrganisationId,
    /// The key it votes with.
    pub public_key: PublicKey,
    /// How much its vote weighs.
    pub power: u64,
}
canonical_struct!(Validator { organisation, public_key, power });

impl Validator {
    /// Its short name.
    pub fn address(&self) -> Address {
        Address::of(&self.public_key)
    }
}

/// The voters at a height, in the order of their addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Validator>", into = "Vec<Validator>")]
pub struct ValidatorSet(Vec<Validator>);

impl From<Vec<Validator>> for ValidatorSet {
    fn from(validators: Vec<Validator>) -> Self {
        Self::new(validators)
    }
}

impl From<ValidatorSet> for Vec<Validator> {
    fn from(set: ValidatorSet) -> Self {
        set.0
    }
}

impl ValidatorSet {
    /// A set of these voters; of several with one key the first counts.
    pub fn new(mut validators: Vec<Validator>) -> Self {
        validators.sort_by_key(Validator::address);
        validators.dedup_by_key(|validator| validator.public_key);
        ValidatorSet(validators)
    }

    /// The voters.
    pub fn iter(&self) -> std::slice::Iter<'_, Validator> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody votes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The voter with this address.
    pub fn get(&self, address: &Address) -> Option<&Validator> {
        self.0.iter().find(|validator| validator.address() == *address)
    }

    /// Weight of all votes.
    pub fn power(&self) -> u64 {
        self.0.iter().fold(0, |sum, validator| sum.saturating_add(validator.power))
    }

    /// Hash that block headers name the set by.
    pub fn hash(&self) -> Hash {
        hash_of(tags::VALIDATORS, self)
    }
}

impl Canonical for ValidatorSet {
    fn write(&self, to: &mut Writer) {
        to.list(&self.0);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let validators = from.list("validators", VALIDATORS_MAX)?;
        let set = ValidatorSet::new(validators.clone());
        if set.0 == validators { Ok(set) } else { Err(DecodeError::Invalid { what: "order of validators" }) }
    }
}
