//! Between the engine's types and the ledger's.

use ledger::Certificate;
use ledger::certificate::CommitSignature;

use crate::context::engine::{
    CommitCertificate, ExtendedCommitCertificate, ExtendedCommitSignature, Round, SigningScheme as _,
};
use crate::context::{Address, Chain, K256};

/// Votes and proposals always have a round; nil only stands for "no earlier round".
pub(crate) fn round_number(round: Round) -> u32 {
    round.as_u32().unwrap_or(0)
}

/// The certificate the ledger verifies, signers in address order.
pub(crate) fn certificate(from: &CommitCertificate<Chain>) -> Certificate {
    let mut signatures: Vec<_> = from
        .commit_signatures
        .iter()
        .map(|s| CommitSignature {
            address: ledger::Address(s.address.0),
            signature: ledger::Signature(s.signature.inner().to_bytes().into()),
        })
        .collect();
    signatures.sort_by_key(|s| s.address);
    Certificate {
        height: from.height.into(),
        round: round_number(from.round),
        block: from.value_id.into(),
        signatures,
    }
}

/// Back to the engine, for a peer that catches up. `None` if a signature does not parse, which a stored
/// certificate never shows.
pub(crate) fn commit_certificate(from: &Certificate) -> Option<ExtendedCommitCertificate<Chain>> {
    let signatures = from.signatures.iter().map(|s| {
        let signature = K256::decode_signature(&s.signature.0).ok()?;
        Some(ExtendedCommitSignature::new(Address(s.address.0), signature, None))
    });
    Some(ExtendedCommitCertificate {
        height: from.height.into(),
        round: Round::new(from.round),
        value_id: from.block.into(),
        commit_signatures: signatures.collect::<Option<_>>()?,
    })
}
