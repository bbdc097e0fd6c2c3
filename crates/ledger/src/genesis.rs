//! The genesis: what every member of a network starts from, and all that a verifier has to trust.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::directory::Entry;
use crate::hash::hash_of;
use crate::limits::{ORGANISATION_LIST_MAX, VALIDATORS_MAX};
use crate::{Directory, Hash, Organisation, Product, Rules, Validator, ValidatorSet, tags};

/// What a network starts from. Its file is JSON; its hash, over the canonical encoding, names the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Name of the network, for people.
    pub name: String,
    /// Time of the start, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// Whether this is a network for tests: only there may a node's clock be shifted.
    pub test: bool,
    /// The rules.
    pub rules: Rules,
    /// Who takes part.
    pub organisations: Vec<Organisation>,
    /// Which products exist from the start.
    pub products: Vec<Product>,
    /// Who votes.
    pub validators: Vec<Validator>,
}

impl Genesis {
    /// Identity of the network: the tagged hash of this genesis.
    pub fn network(&self) -> Hash {
        hash_of(tags::NETWORK, self)
    }

    /// The directory at height 0.
    pub fn directory(&self) -> Directory {
        let organisations = self.organisations.iter().cloned().map(Entry::Organisation);
        let products = self.products.iter().cloned().map(Entry::Product);
        Directory::of(organisations.chain(products), self.rules.clone(), self.validator_set())
    }

    /// The voters at height 1.
    pub fn validator_set(&self) -> ValidatorSet {
        ValidatorSet::new(self.validators.clone())
    }
}

impl Canonical for Genesis {
    fn write(&self, to: &mut Writer) {
        self.name.write(to);
        self.time_ms.write(to);
        self.test.write(to);
        self.rules.write(to);
        to.list(&self.organisations);
        to.list(&self.products);
        to.list(&self.validators);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Genesis {
            name: String::read(from)?,
            time_ms: u64::read(from)?,
            test: bool::read(from)?,
            rules: Rules::read(from)?,
            organisations: from.list("organisations", ORGANISATION_LIST_MAX)?,
            products: from.list("products", 1 << 20)?,
            validators: from.list("validators", VALIDATORS_MAX)?,
        })
    }
}
