use arc_malachitebft_app_channel::app::consensus::LivenessMsg;

use super::{Message, Reader, WireError, Writer};
use crate::context::Chain;
use crate::context::engine::{
    PolkaCertificate, PolkaSignature, RoundCertificate, RoundCertificateType, RoundSignature, ValidatorProof,
    VoteType,
};
use crate::limits;

/// A list of at most `SIGNATURES_MAX` items.
pub(super) fn put_list<T: Message>(out: &mut Writer, items: &[T]) {
    out.count(items.len());
    items.iter().for_each(|item| item.put(out));
}

pub(super) fn take_list<T: Message>(input: &mut Reader) -> Result<Vec<T>, WireError> {
    let count = input.count(limits::SIGNATURES_MAX)?;
    (0..count).map(|_| T::take(input)).collect()
}

impl Message for PolkaSignature<Chain> {
    fn put(&self, out: &mut Writer) {
        out.raw(&self.address.0);
        out.signature(&self.signature);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let address = input.address()?;
        Ok(Self::new(address, input.signature()?))
    }
}

impl Message for PolkaCertificate<Chain> {
    fn put(&self, out: &mut Writer) {
        out.height(self.height);
        out.round(self.round);
        out.raw(&self.value_id.0);
        put_list(out, &self.polka_signatures);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            height: input.height()?,
            round: input.some_round()?,
            value_id: input.block()?,
            polka_signatures: take_list(input)?,
        })
    }
}

impl Message for RoundSignature<Chain> {
    fn put(&self, out: &mut Writer) {
        self.vote_type.put(out);
        out.block_or_nil(&self.value_id);
        out.raw(&self.address.0);
        out.signature(&self.signature);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let vote_type = VoteType::take(input)?;
        let value = input.block_or_nil()?;
        let address = input.address()?;
        Ok(Self::new(vote_type, value, address, input.signature()?))
    }
}

impl Message for RoundCertificate<Chain> {
    fn put(&self, out: &mut Writer) {
        out.height(self.height);
        out.round(self.round);
        out.u8(match self.cert_type {
            RoundCertificateType::Skip => 1,
            RoundCertificateType::Precommit => 2,
        });
        put_list(out, &self.round_signatures);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            height: input.height()?,
            round: input.some_round()?,
            cert_type: match input.u8()? {
                1 => RoundCertificateType::Skip,
                2 => RoundCertificateType::Precommit,
                _ => return Err(WireError::Tag),
            },
            round_signatures: take_list(input)?,
        })
    }
}

impl Message for LivenessMsg<Chain> {
    fn put(&self, out: &mut Writer) {
        match self {
            Self::Vote(vote) => {
                out.u8(1);
                vote.put(out);
            }
            Self::PolkaCertificate(certificate) => {
                out.u8(2);
                certificate.put(out);
            }
            Self::SkipRoundCertificate(certificate) => {
                out.u8(3);
                certificate.put(out);
            }
        }
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        match input.u8()? {
            1 => Message::take(input).map(Self::Vote),
            2 => Message::take(input).map(Self::PolkaCertificate),
            3 => Message::take(input).map(Self::SkipRoundCertificate),
            _ => Err(WireError::Tag),
        }
    }
}

impl Message for ValidatorProof<Chain> {
    fn put(&self, out: &mut Writer) {
        out.bytes(&self.public_key);
        out.bytes(&self.peer_id);
        out.signature(&self.signature);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let public_key = input.bytes(limits::IDENTITY_BYTES_MAX)?.to_vec();
        let peer_id = input.bytes(limits::IDENTITY_BYTES_MAX)?.to_vec();
        Ok(Self::new(public_key, peer_id, input.signature()?))
    }
}
