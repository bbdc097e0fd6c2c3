//! One block: what can be said of its rows before it is executed, and which header is to be believed.

use ledger::certificate::CertificateError;
use ledger::execute::Verified;
use ledger::{
    BlockHeader, Canonical as _, Certificate, ChainState, Directory, Hash, Height, PublicKey, SignedBatch,
    ValidatorSet,
};

use super::feed::Stored;

/// A block, decoded, and its signatures checked.
#[derive(Debug)]
pub struct Decoded {
    /// As stored.
    pub stored: Stored,
    /// Its header, if it decodes.
    pub header: Option<BlockHeader>,
    /// The block that its certificate certifies, or why it certifies none.
    pub certified: Result<Hash, String>,
    /// Its batches, as far as they decode.
    pub batches: Vec<Option<SignedBatch>>,
    /// The key that signed each, where it is whole and one of its author's keys did.
    pub signers: Vec<Option<PublicKey>>,
}

/// What signatures are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// The network.
    pub network: &'a Hash,
    /// Who votes.
    pub validators: &'a ValidatorSet,
    /// Who signs batches.
    pub directory: &'a Directory,
}

impl Decoded {
    /// Decodes a block and checks its signatures: nearly all the work of an audit of the chain.
    pub fn of(stored: Stored, against: Against<'_>) -> Self {
        let header = BlockHeader::from_bytes(&stored.block.header).ok();
        let height = Height(u64::try_from(stored.block.height).unwrap_or_default());
        let batches: Vec<Option<SignedBatch>> =
            stored.batches.iter().map(|row| SignedBatch::from_bytes(&row.signed).ok()).collect();
        let signer = |signed: &Option<SignedBatch>| {
            let signed = signed.as_ref()?;
            let author = against.directory.organisation(signed.batch.header.author)?;
            signed.verify(author.keys_at(height)).ok()
        };
        let signers = batches.iter().map(signer).collect();
        let certified = certified(&stored.block.certificate, height, against);
        Decoded { stored, header, certified, batches, signers }
    }

    /// The header that the network decided: the stored one, or, where that or the certificate was altered, the one that the
    /// state below and the batches lead to, if something that is still whole names it.
    pub fn trusted(&self, state: Option<&ChainState>) -> Option<BlockHeader> {
        let certified = self.certified.as_ref().ok();
        let stored = self.header.as_ref().map(|header| (header, header.hash()));
        if let Some((header, hash)) = &stored
            && Some(hash) == certified
        {
            return Some((*header).clone());
        }
        let named = |hash: &Hash| match certified {
            Some(certified) => hash == certified,
            None => hash.0 == *self.stored.block.hash || stored.as_ref().is_some_and(|(_, own)| own == hash),
        };
        if let Some(state) = state {
            let batches: Vec<SignedBatch> = self.batches.iter().flatten().cloned().collect();
            let times =
                [u64::try_from(self.stored.block.time_ms).ok(), self.header.as_ref().map(|h| h.time_ms)];
            let rebuilt = times.into_iter().flatten().map(|time_ms| state.next_header(&batches, time_ms));
            if let Some(header) = rebuilt.into_iter().find(|header| named(&header.hash())) {
                return Some(header);
            }
        }
        let agreed =
            |(_, hash): &(&BlockHeader, Hash)| certified.is_none() && hash.0 == *self.stored.block.hash;
        stored.filter(agreed).map(|(header, _)| header.clone())
    }
}

fn certified(bytes: &[u8], height: Height, against: Against<'_>) -> Result<Hash, String> {
    let certificate = Certificate::from_bytes(bytes).map_err(|cause| cause.to_string())?;
    if certificate.height != height {
        return Err(format!("it certifies height {}", certificate.height));
    }
    let verified: Result<u64, CertificateError> = certificate.verify(against.network, against.validators);
    verified.map(|_| certificate.block).map_err(|cause| cause.to_string())
}

/// Who signed the batches of one block, looked up by place.
pub struct Signers<'a> {
    /// The batches.
    pub batches: &'a [SignedBatch],
    /// Who signed each.
    pub keys: &'a [Option<PublicKey>],
}

impl Verified for Signers<'_> {
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey> {
        let place = self.batches.iter().position(|one| std::ptr::eq(one, signed))?;
        self.keys.get(place).copied().flatten()
    }
}

/// Takes every batch that is whole for one that its author signed: so that execution can go on after a signature that was
/// altered, and told of.
pub struct Unsigned<'a>(pub &'a Directory, pub Height);

impl Verified for Unsigned<'_> {
    fn signer(&self, signed: &SignedBatch) -> Option<PublicKey> {
        let author = self.0.organisation(signed.batch.header.author)?;
        signed.batch.is_whole().then(|| author.keys_at(self.1).next().copied()).flatten()
    }
}
