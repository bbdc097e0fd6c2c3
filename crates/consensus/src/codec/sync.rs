use arc_malachitebft_sync::{
    PeerId, RawDecidedValue, Request, Response, Status, ValueRequest, ValueResponse,
};

use super::certificates::{put_list, take_list};
use super::{Message, Reader, WireError, Writer};
use crate::context::Chain;
use crate::context::engine::{ExtendedCommitCertificate, ExtendedCommitSignature};
use crate::limits;

impl Message for Status<Chain> {
    fn put(&self, out: &mut Writer) {
        out.bytes(&self.peer_id.to_bytes());
        out.height(self.tip_height);
        out.height(self.history_min_height);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let peer = input.bytes(limits::IDENTITY_BYTES_MAX)?;
        Ok(Self {
            peer_id: PeerId::from_bytes(&peer).map_err(|_| WireError::Peer)?,
            tip_height: input.height()?,
            history_min_height: input.height()?,
        })
    }
}

impl Message for Request<Chain> {
    fn put(&self, out: &mut Writer) {
        let Self::ValueRequest(request) = self;
        out.height(*request.range.start());
        out.height(*request.range.end());
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let first = input.height()?;
        let last = input.height()?;
        let length = last.0.checked_sub(first.0).ok_or(WireError::Range)?;
        if length >= limits::SYNC_BATCH_MAX as u64 {
            return Err(WireError::Range);
        }
        Ok(Self::ValueRequest(ValueRequest::new(first..=last)))
    }
}

/// Without an extension: our chain has none, and none can be expressed.
impl Message for ExtendedCommitSignature<Chain> {
    fn put(&self, out: &mut Writer) {
        out.raw(&self.address.0);
        out.signature(&self.signature);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let address = input.address()?;
        Ok(Self::new(address, input.signature()?, None))
    }
}

impl Message for ExtendedCommitCertificate<Chain> {
    fn put(&self, out: &mut Writer) {
        out.height(self.height);
        out.round(self.round);
        out.raw(&self.value_id.0);
        put_list(out, &self.commit_signatures);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        Ok(Self {
            height: input.height()?,
            round: input.some_round()?,
            value_id: input.block()?,
            commit_signatures: take_list(input)?,
        })
    }
}

impl Message for RawDecidedValue<Chain> {
    fn put(&self, out: &mut Writer) {
        out.bytes(&self.value_bytes);
        self.certificate.put(out);
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let block = input.bytes(limits::BLOCK_BYTES_MAX)?;
        Ok(Self::new(block, Message::take(input)?))
    }
}

impl Message for Response<Chain> {
    fn put(&self, out: &mut Writer) {
        let Self::ValueResponse(response) = self;
        out.height(response.start_height);
        out.count(response.values.len());
        response.values.iter().for_each(|value| value.put(out));
    }

    fn take(input: &mut Reader) -> Result<Self, WireError> {
        let start = input.height()?;
        let count = input.count(limits::SYNC_BATCH_MAX)?;
        let values = (0..count).map(|_| Message::take(input)).collect::<Result<_, _>>()?;
        Ok(Self::ValueResponse(ValueResponse::new(start, values)))
    }
}

/// What `encode` would give for a response, by the sum of its fields: tag, height and count; a value has its
/// length and bytes, height, round, block, count, and 84 bytes a signature.
pub(super) fn response_len(response: &Response<Chain>) -> usize {
    let Response::ValueResponse(response) = response;
    let value_len = |value: &RawDecidedValue<Chain>| {
        4 + value.value_bytes.len() + 8 + 8 + 32 + 4 + value.certificate.commit_signatures.len() * (20 + 64)
    };
    1 + 8 + 4 + response.values.iter().map(value_len).sum::<usize>()
}
