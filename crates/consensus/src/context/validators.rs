use std::fmt;
use std::sync::Arc;

use super::engine;
use super::{Chain, PublicKey};
use crate::error::{Error, Result};
use crate::limits;

/// A validator's address with the engine's trait.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address(pub [u8; 20]);

impl Address {
    /// Stands in no set: what a follower calls itself, so that the engine never asks it to sign.
    pub(crate) const NOBODY: Self = Self([0; 20]);
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl engine::Address for Address {}

/// One validator, with its key parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    pub address: Address,
    pub public_key: PublicKey,
    pub power: u64,
    /// The peer identity its key gives: parts are taken from it alone in the rounds it proposes.
    pub peer: Vec<u8>,
}

impl engine::Validator<Chain> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// A validator set in address order, not empty, without duplicates, of bounded size and power. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators(Arc<[Validator]>);

impl Validators {
    /// Parses the ledger's set.
    pub(crate) fn new(set: &ledger::ValidatorSet) -> Result<Self> {
        let mut list = Vec::new();
        for validator in set.iter() {
            let public_key = PublicKey::from_sec1_bytes(&validator.public_key.0)
                .map_err(|_| Error::Config("a validator's public key is not a secp256k1 point".into()))?;
            let peer = crate::identity::peer_bytes(&validator.public_key)?;
            list.push(Validator {
                address: Address(validator.address().0),
                public_key,
                power: validator.power,
                peer,
            });
        }
        list.sort_by_key(|v| v.address);
        let distinct = list.windows(2).all(|pair| pair[0].address != pair[1].address);
        let total = list.iter().try_fold(0u64, |sum, v| sum.checked_add(v.power));
        let power_fits = total.is_some_and(|total| total <= limits::POWER_TOTAL_MAX);
        if list.is_empty() || list.len() > limits::VALIDATORS_MAX || !distinct || !power_fits {
            return Err(Error::Config(format!(
                "a set of {} validators is empty, too large, repeats a key or has too much power",
                list.len()
            )));
        }
        Ok(Self(list.into()))
    }
}

impl engine::ValidatorSet<Chain> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> u64 {
        self.0.iter().map(|v| v.power).sum()
    }

    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.0.binary_search_by_key(address, |v| v.address).ok().and_then(|at| self.0.get(at))
    }

    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}
