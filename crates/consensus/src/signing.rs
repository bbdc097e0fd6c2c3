//! Signatures of consensus messages. Every signed byte string is the ledger's own encoding and names the network,
//! so that a certificate verifies without the engine and is worth nothing on another network.

use arc_malachitebft_signing::{Error, Signer, VerificationResult, Verifier};
use async_trait::async_trait;
use ledger::certificate::{VoteKind, vote_sign_bytes};
use ledger::{Address, Canonical as _, Hash, Writer, tags};

use crate::context::engine::{NilOrVal, SignedMessage, ValidatorProof, VoteExtensionScope, VoteType};
use crate::context::{Chain, PrivateKey, Proposal, PublicKey, Signature, Vote};
use crate::convert;

type Signed<T> = Result<SignedMessage<Chain, T>, Error>;
type Verified = Result<VerificationResult, Error>;

/// Checks signatures; knows no secret.
#[derive(Clone, Debug)]
pub(crate) struct NetworkVerifier {
    pub network: Hash,
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
        verify(&vote_bytes(&self.network, vote), signature, key)
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
