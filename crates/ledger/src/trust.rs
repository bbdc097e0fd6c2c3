//! What a verifier trusts: a network, and who votes on which of its blocks.
//!
//! It begins with a genesis, or with a checkpoint that somebody trusted vouches for, and follows every hand-over from
//! there: a decided header that names other validators for the next height than those who signed it.

use serde::{Deserialize, Serialize};

use crate::certificate::CertificateError;
use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::limits::HANDOVERS_MAX;
use crate::receipt::{Broken, SignedHeader};
use crate::{Directory, Genesis, Hash, Height, ValidatorSet};

/// The block at which validators hand over, and to whom: the header is signed by those who voted up to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// The last block of the old validators; it names the new ones by their hash.
    pub block: SignedHeader,
    /// Who votes from the next height on.
    pub validators: ValidatorSet,
}
canonical_struct!(Handover { block, validators });

/// Hand-overs, each after the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handovers(pub Vec<Handover>);

impl Canonical for Handovers {
    fn write(&self, to: &mut Writer) {
        to.list(&self.0);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Handovers(from.list("hand-overs", HANDOVERS_MAX)?))
    }
}

/// A block that somebody trusted vouches for, so that a verifier need not begin with the genesis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Which network.
    pub network: Hash,
    /// Height of the block.
    pub height: Height,
    /// Its hash.
    pub block: Hash,
    /// Who votes from the next height on.
    pub validators: ValidatorSet,
}
canonical_struct!(Checkpoint { network, height, block, validators });

/// Why a hand-over does not follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenHandover {
    /// It is of another network.
    #[error("it belongs to another network")]
    Network,
    /// Its certificate is not that of its header.
    #[error("its certificate is of another block")]
    OtherBlock,
    /// Its block is not above the hand-over before, or the checkpoint.
    #[error("it is out of order: those whom it should replace vote from block {0} on")]
    Order(Height),
    /// The validators of that height did not decide it: it is forged, or the one before it is missing.
    #[error("the validators before it did not decide it: {0}")]
    Certificate(CertificateError),
    /// It hands over to other validators than it shows.
    #[error("its block names other validators than it shows")]
    Validators,
    /// It hands over to nobody new.
    #[error("its block hands over to nobody new")]
    Nobody,
}

/// Who votes on which block of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voters {
    network: Hash,
    /// A block known by its hash, whoever signed it.
    known: Option<(Height, Hash)>,
    /// Sets with the first height that each votes on, ascending; never empty.
    spans: Vec<(Height, ValidatorSet)>,
}

impl Voters {
    /// These validators at every height, as far as no hand-over is followed.
    pub fn new(network: Hash, validators: ValidatorSet) -> Self {
        Voters { network, known: None, spans: vec![(Height(1), validators)] }
    }

    /// Those of a genesis.
    pub fn of_genesis(genesis: &Genesis) -> Self {
        Voters::new(genesis.network(), genesis.validator_set())
    }

    /// Those of a checkpoint: of earlier blocks than the next it trusts none but its own.
    pub fn of_checkpoint(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { network, height, block, validators } = checkpoint.clone();
        Voters { network, known: Some((height, block)), spans: vec![(height.next(), validators)] }
    }

    /// Those whom a node knows, which has executed every block: `first` at the beginning, then as its directory says.
    pub fn of_directory(network: Hash, first: ValidatorSet, directory: &Directory) -> Self {
        let mut voters = Voters::new(network, first);
        for (height, validators) in directory.validator_changes() {
            voters.spans.push((height, validators.clone()));
        }
        voters
    }

    /// Follows hand-overs, in order.
    ///
    /// # Errors
    /// [`Broken::Handover`] naming the first that does not follow. Those before it are followed.
    pub fn follow<'a>(&mut self, handovers: impl IntoIterator<Item = &'a Handover>) -> Result<(), Broken> {
        for handover in handovers {
            let height = handover.block.header.height;
            self.hand_over(handover).map_err(|cause| Broken::Handover { height, cause })?;
        }
        Ok(())
    }

    fn hand_over(&mut self, handover: &Handover) -> Result<(), BrokenHandover> {
        let (SignedHeader { header, certificate }, next) = (&handover.block, &handover.validators);
        let Some((from, validators)) = self.spans.last() else { return Err(BrokenHandover::Nobody) };
        if header.network != self.network {
            return Err(BrokenHandover::Network);
        }
        if header.height < *from {
            return Err(BrokenHandover::Order(*from));
        }
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err(BrokenHandover::OtherBlock);
        }
        certificate.verify(&self.network, validators).map_err(BrokenHandover::Certificate)?;
        if header.next_validators != next.hash() {
            return Err(BrokenHandover::Validators);
        }
        if next == validators {
            return Err(BrokenHandover::Nobody);
        }
        self.spans.push((header.height.next(), next.clone()));
        Ok(())
    }

    /// Who votes on the block at `height`; none below a checkpoint.
    pub fn at(&self, height: Height) -> Option<&ValidatorSet> {
        self.spans.iter().rev().find(|(from, _)| *from <= height).map(|(_, validators)| validators)
    }

    /// What proofs are checked against.
    pub fn trust(&self) -> Trust<'_> {
        Trust { voters: self }
    }
}

/// What proofs are checked against: [`Voters`], on loan.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    voters: &'a Voters,
}

impl SignedHeader {
    /// Checks that the network decided this block: that the validators of its height did, and that it names those of
    /// the next height as the hand-overs do.
    ///
    /// # Errors
    /// [`Broken`] naming the link.
    pub fn verify(&self, trust: Trust<'_>) -> Result<(), Broken> {
        let (header, certificate, voters) = (&self.header, &self.certificate, trust.voters);
        if header.network != voters.network {
            return Err(Broken::Mismatch("the block belongs to another network"));
        }
        if certificate.block != header.hash() || certificate.height != header.height {
            return Err(Broken::Mismatch("the certificate is of another block"));
        }
        if voters.known == Some((header.height, certificate.block)) {
            return Ok(());
        }
        let Some(validators) = voters.at(header.height) else {
            return Err(Broken::Mismatch("the block is older than the checkpoint"));
        };
        if voters.at(header.height.next()).is_none_or(|next| header.next_validators != next.hash()) {
            return Err(Broken::Mismatch(
                "the block names validators that this trust does not cover: a hand-over is missing",
            ));
        }
        certificate
            .verify(&voters.network, validators)
            .map_err(|cause| Broken::Certificate { height: header.height, cause })?;
        Ok(())
    }
}
