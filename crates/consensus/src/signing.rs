//! Signatures of consensus messages. Every signed byte string is the ledger's own encoding and names the network,
//! so that a certificate verifies without the engine and is worth nothing on another network.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use async_trait::async_trait;
use ledger::certificate::{VoteKind, vote_sign_bytes};
use ledger::{Address, Canonical as _, Hash, Writer, tags};

use crate::context::engine::{NilOrVal, SignedMessage, ValidatorProof, VoteExtensionScope, VoteType};
use crate::context::{Chain, PrivateKey, Proposal, PublicKey, Signature, Vote};
use crate::{convert, limits};

type Signed<T> = Result<SignedMessage<Chain, T>, Error>;
type Verified = Result<VerificationResult, Error>;

/// Checks signatures; knows no secret.
#[derive(Debug)]
pub(crate) struct NetworkVerifier {
    network: Hash,
    valid: Valid,
}

impl NetworkVerifier {
    pub(crate) fn new(network: Hash) -> Self {
        Self { network, valid: Valid::default() }
    }
}

/// Votes' signatures found valid lately: a precommit is checked when it arrives and again in the certificate it
/// becomes part of. The older are forgotten when the newer are too many.
#[derive(Debug, Default)]
struct Valid(Mutex<Sets>);

/// The older entries, and the newer.
type Sets = (BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>);

impl Valid {
    /// Whether a signature is valid, which is only calculated if it is not known to be.
    fn check(&self, message: &[u8], signature: &Signature, key: &PublicKey) -> bool {
        // Key and signature have one length each, so that no two signatures are one entry.
        let entry = [key.to_vec(), signature.to_vec(), message.to_vec()].concat();
        let known = |sets: &Sets| sets.0.contains(&entry) || sets.1.contains(&entry);
        if known(&self.0.lock().unwrap_or_else(PoisonError::into_inner)) {
            return true;
        }
        if key.verify(message, signature).is_err() {
            return false;
        }
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.1.len() >= limits::SIGNATURES_MAX {
            sets.0 = std::mem::take(&mut sets.1);
        }
        sets.1.insert(entry);
        true
    }
}

/// Signs with the validator's key (ECDSA over SHA-256, deterministic nonces as in RFC 6979).
pub(crate) struct KeySigner {
    pub network: Hash,
    pub key: PrivateKey,
}

fn vote_bytes(network: &Hash, vote: &Vote) -> Vec<u8> {
    let value = match vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some(Hash::from(id)),
    };
    let kind = match vote.kind {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    };
    let round = convert::round_number(vote.round);
    let voter = Address(vote.address.0);
    vote_sign_bytes(network, kind, vote.height.into(), round, value.as_ref(), &voter)
}

/// Tag, network, height, round, value, the round of the quorum it carries over if any, proposer.
fn proposal_bytes(network: &Hash, p: &Proposal) -> Vec<u8> {
    let mut to = Writer::default();
    to.var(tags::PROPOSAL.as_bytes());
    network.write(&mut to);
    p.height.0.write(&mut to);
    convert::round_number(p.round).write(&mut to);
    p.value.0.write(&mut to);
    p.pol_round.as_u32().write(&mut to);
    p.proposer.0.write(&mut to);
    to.0
}

fn verify(message: &[u8], signature: &Signature, key: &PublicKey) -> Verified {
    Ok(VerificationResult::from_bool(key.verify(message, signature).is_ok()))
}

#[async_trait]
impl Verifier<Chain> for NetworkVerifier {
    async fn verify_signed_vote(&self, vote: &Vote, signature: &Signature, key: &PublicKey) -> Verified {
        let valid = self.valid.check(&vote_bytes(&self.network, vote), signature, key);
        Ok(VerificationResult::from_bool(valid))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        key: &PublicKey,
    ) -> Verified {
        verify(&proposal_bytes(&self.network, proposal), signature, key)
    }

    /// Our chain has no vote extensions: any is refused.
    async fn verify_signed_vote_extension(
        &self,
        _scope: &VoteExtensionScope<Chain>,
        _extension: &(),
        _signature: &Signature,
        _key: &PublicKey,
    ) -> Verified {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(&self, proof: &ValidatorProof<Chain>) -> Verified {
        match proof.decoded_public_key() {
            Ok(key) => verify(&proof.preimage(), &proof.signature, &key),
            Err(_) => Ok(VerificationResult::Invalid),
        }
    }
}

#[async_trait]
impl Signer<Chain> for KeySigner {
    async fn sign_vote(&self, vote: Vote) -> Signed<Vote> {
        let signature = self.key.sign(&vote_bytes(&self.network, &vote));
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Signed<Proposal> {
        let signature = self.key.sign(&proposal_bytes(&self.network, &proposal));
        Ok(SignedMessage::new(proposal, signature))
    }

    /// Never asked: extensions are disabled at every height.
    async fn sign_vote_extension(&self, _scope: VoteExtensionScope<Chain>, _extension: ()) -> Signed<()> {
        Err(Error::new())
    }

    async fn sign_validator_proof(
        &self,
        public_key: Vec<u8>,
        peer_id: Vec<u8>,
    ) -> Result<ValidatorProof<Chain>, Error> {
        let signature = self.key.sign(&ValidatorProof::<Chain>::signing_bytes(&public_key, &peer_id));
        Ok(ValidatorProof::new(public_key, peer_id, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_valid_for_its_message_and_key_only_however_often_it_is_asked_for() {
        let valid = Valid::default();
        let keys = [1, 2].map(|seed| PrivateKey::from_slice(&[seed; 32]).unwrap());
        let signature = keys[0].sign(b"vote");
        for _ in 0..2 {
            assert!(valid.check(b"vote", &signature, &keys[0].public_key()));
            assert!(!valid.check(b"veto", &signature, &keys[0].public_key()));
            assert!(!valid.check(b"vote", &signature, &keys[1].public_key()));
            assert!(!valid.check(b"vote", &keys[0].sign(b"veto"), &keys[0].public_key()));
        }
        assert_eq!(valid.0.lock().unwrap().1.len(), 1, "what is not valid is not remembered");
    }

    #[test]
    fn no_more_is_remembered_than_two_certificates_have() {
        let (valid, key) = (Valid::default(), PrivateKey::from_slice(&[1; 32]).unwrap());
        for n in 0..3 * limits::SIGNATURES_MAX as u64 {
            let message = n.to_be_bytes();
            assert!(valid.check(&message, &key.sign(&message), &key.public_key()));
            let sets = valid.0.lock().unwrap();
            assert!(sets.0.len() + sets.1.len() <= 2 * limits::SIGNATURES_MAX);
        }
    }
}
