//! Bytes of everything the engine sends to peers or keeps in its write-ahead log: nine kinds of message, each
//! behind its own tag, big-endian, bounded, and refused with bytes left over.

mod certificates;
mod messages;
mod sync;
mod wire;

use arc_malachitebft_app_channel::app::consensus::LivenessMsg;
use arc_malachitebft_app_channel::app::streaming::StreamMessage;
use arc_malachitebft_app_channel::app::types::codec::{Codec, HasEncodedLen};
use arc_malachitebft_app_channel::app::types::{ProposedValue, SignedConsensusMsg};
use arc_malachitebft_sync::{Request, Response, Status};
use bytes::Bytes;

use crate::context::engine::{PolkaCertificate, ValidatorProof};
use crate::context::{Chain, Part};
pub(crate) use wire::{Reader, WireError, Writer};

/// A value with a place in our encoding.
pub(crate) trait Message: Sized {
    fn put(&self, out: &mut Writer);
    fn take(input: &mut Reader) -> Result<Self, WireError>;
}

/// The codec handed to the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire;

/// Tag of a validator proof, which is also handed to the engine as bytes.
pub(crate) const VALIDATOR_PROOF: u8 = 0x05;

/// Encodes one tagged message.
pub(crate) fn encode<T: Message>(tag: u8, value: &T) -> Bytes {
    let mut out = Writer::default();
    out.u8(tag);
    value.put(&mut out);
    out.finish()
}

/// Decodes one tagged message that fills `bytes`.
pub(crate) fn decode<T: Message>(tag: u8, bytes: Bytes) -> Result<T, WireError> {
    let mut input = Reader::new(bytes);
    if input.u8()? != tag {
        return Err(WireError::Tag);
    }
    let value = T::take(&mut input)?;
    input.finish()?;
    Ok(value)
}

macro_rules! codec {
    ($($tag:literal => $type:ty),+ $(,)?) => {$(
        impl Codec<$type> for Wire {
            type Error = WireError;

            fn decode(&self, bytes: Bytes) -> Result<$type, WireError> {
                decode($tag, bytes)
            }

            fn encode(&self, message: &$type) -> Result<Bytes, WireError> {
                Ok(encode($tag, message))
            }
        }
    )+};
}

codec! {
    0x01 => SignedConsensusMsg<Chain>,
    0x02 => LivenessMsg<Chain>,
    0x03 => StreamMessage<Part>,
    0x04 => Part,
    0x05 => ValidatorProof<Chain>,
    0x06 => ProposedValue<Chain>,
    0x07 => PolkaCertificate<Chain>,
    0x08 => Status<Chain>,
    0x09 => Request<Chain>,
    0x0a => Response<Chain>,
}

impl HasEncodedLen<Response<Chain>> for Wire {
    fn encoded_len(&self, message: &Response<Chain>) -> Result<usize, WireError> {
        Ok(sync::response_len(message))
    }
}

#[cfg(test)]
mod tests;
