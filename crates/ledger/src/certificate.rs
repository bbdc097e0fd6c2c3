//! Certificates: the precommits of more than two thirds of the validators on a block.

use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::limits::VALIDATORS_MAX;
use crate::{Address, Hash, Height, Signature, ValidatorSet, tags};

/// Kind of a vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteKind {
    /// First round of voting.
    Prevote,
    /// Second round; more than two thirds of them decide.
    Precommit,
}

/// What a validator signs, hashed with SHA-256, when it votes: tag, network, kind, height, round, value, voter.
pub fn vote_sign_bytes(
    network: &Hash,
    kind: VoteKind,
    height: Height,
    round: u32,
    value: Option<&Hash>,
    voter: &Address,
) -> Vec<u8> {
    let mut to = Writer::default();
    to.var(tags::VOTE.as_bytes());
    network.write(&mut to);
    u8::from(kind == VoteKind::Precommit).write(&mut to);
    height.write(&mut to);
    round.write(&mut to);
    value.copied().write(&mut to);
    voter.write(&mut to);
    to.0
}

/// One validator's signature in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitSignature {
    /// Who signed.
    pub address: Address,
    /// Over [`vote_sign_bytes`] of a precommit.
    pub signature: Signature,
}
canonical_struct!(CommitSignature { address, signature });

/// Proof that a block was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Height of the block.
    pub height: Height,
    /// Round in which it was decided.
    pub round: u32,
    /// The block.
    pub block: Hash,
    /// The precommits, by address, ascending.
    pub signatures: Vec<CommitSignature>,
}

impl Canonical for Certificate {
    fn write(&self, to: &mut Writer) {
        self.height.write(to);
        self.round.write(to);
        self.block.write(to);
        to.list(&self.signatures);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Certificate {
            height: Height::read(from)?,
            round: u32::read(from)?,
            block: Hash::read(from)?,
            signatures: from.list("signatures", VALIDATORS_MAX)?,
        })
    }
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Signatures repeat a voter or are out of order.
    #[error("the signatures are not in the order of their voters")]
    Order,
    /// Somebody signed who does not vote.
    #[error("{0} is no validator")]
    Stranger(Address),
    /// A signature does not verify.
    #[error("the signature of {0} does not verify")]
    Signature(Address),
    /// Not more than two thirds signed.
    #[error("signatures weigh {signed} of {total}: not more than two thirds")]
    Power {
        /// Weight of those who signed.
        signed: u64,
        /// Weight of all.
        total: u64,
    },
}

impl Certificate {
    /// Checks that more than two thirds of the validators' power signed the block. Returns the power that did.
    ///
    /// # Errors
    /// [`CertificateError`] naming the first fault.
    pub fn verify(&self, network: &Hash, validators: &ValidatorSet) -> Result<u64, CertificateError> {
        if !self.signatures.windows(2).all(|pair| pair[0].address < pair[1].address) {
            return Err(CertificateError::Order);
        }
        let mut signed = 0u64;
        for CommitSignature { address, signature } in &self.signatures {
            let voter = validators.get(address).ok_or(CertificateError::Stranger(*address))?;
            let bytes = vote_sign_bytes(
                network,
                VoteKind::Precommit,
                self.height,
                self.round,
                Some(&self.block),
                address,
            );
            voter
                .public_key
                .verify_sha256(&bytes, signature)
                .map_err(|_| CertificateError::Signature(*address))?;
            signed = signed.saturating_add(voter.power);
        }
        let total = validators.power();
        if u128::from(signed) * 3 > u128::from(total) * 2 {
            Ok(signed)
        } else {
            Err(CertificateError::Power { signed, total })
        }
    }
}
