use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::context::engine::{NilOrVal, Round, SigningScheme as _};
use crate::context::{Address, BlockId, Height, K256, Signature};

/// Why bytes from outside are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the message ends early")]
    Short,
    #[error("bytes are left over after the message")]
    Trailing,
    #[error("a list or byte string is longer than its bound")]
    TooLong,
    #[error("another kind of message, or an unknown variant")]
    Tag,
    #[error("a number is out of its range")]
    Range,
    #[error("not a signature")]
    Signature,
    #[error("not a peer id")]
    Peer,
}

/// Takes fields off a message; never reads past its end, never allocates more than the bound it is given.
pub(crate) struct Reader {
    bytes: Bytes,
}

impl Reader {
    pub(crate) fn new(bytes: Bytes) -> Self {
        Self { bytes }
    }

    fn need(&self, count: usize) -> Result<(), WireError> {
        if self.bytes.len() < count { Err(WireError::Short) } else { Ok(()) }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        self.need(1)?;
        Ok(self.bytes.get_u8())
    }

    pub(crate) fn u32(&mut self) -> Result<u32, WireError> {
        self.need(4)?;
        Ok(self.bytes.get_u32())
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        self.need(8)?;
        Ok(self.bytes.get_u64())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        self.need(N)?;
        let mut array = [0; N];
        self.bytes.copy_to_slice(&mut array);
        Ok(array)
    }

    /// A byte string of at most `max` bytes; shares the message's memory.
    pub(crate) fn bytes(&mut self, max: usize) -> Result<Bytes, WireError> {
        let count = self.count(max)?;
        self.need(count)?;
        Ok(self.bytes.split_to(count))
    }

    /// The length of a list of at most `max` items.
    pub(crate) fn count(&mut self, max: usize) -> Result<usize, WireError> {
        let count = usize::try_from(self.u32()?).map_err(|_| WireError::TooLong)?;
        if count > max { Err(WireError::TooLong) } else { Ok(count) }
    }

    pub(crate) fn height(&mut self) -> Result<Height, WireError> {
        Ok(Height(self.u64()?))
    }

    /// A round: 0 is nil, n + 1 is round n.
    pub(crate) fn round(&mut self) -> Result<Round, WireError> {
        match self.u64()?.checked_sub(1) {
            None => Ok(Round::Nil),
            Some(round) => u32::try_from(round).map(Round::new).map_err(|_| WireError::Range),
        }
    }

    /// A round of a vote or proposal, which is never nil.
    pub(crate) fn some_round(&mut self) -> Result<Round, WireError> {
        let round = self.round()?;
        if round.is_nil() { Err(WireError::Range) } else { Ok(round) }
    }

    pub(crate) fn block(&mut self) -> Result<BlockId, WireError> {
        Ok(BlockId(self.array()?))
    }

    pub(crate) fn block_or_nil(&mut self) -> Result<NilOrVal<BlockId>, WireError> {
        match self.u8()? {
            0 => Ok(NilOrVal::Nil),
            1 => Ok(NilOrVal::Val(self.block()?)),
            _ => Err(WireError::Tag),
        }
    }

    pub(crate) fn address(&mut self) -> Result<Address, WireError> {
        Ok(Address(self.array()?))
    }

    pub(crate) fn signature(&mut self) -> Result<Signature, WireError> {
        let bytes: [u8; 64] = self.array()?;
        K256::decode_signature(&bytes).map_err(|_| WireError::Signature)
    }

    /// Refuses bytes left over.
    pub(crate) fn finish(self) -> Result<(), WireError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(WireError::Trailing) }
    }
}

/// Puts fields into a message.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: BytesMut,
}

impl Writer {
    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.put_u8(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.put_u32(value);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.put_u64(value);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.put_slice(bytes);
    }

    /// The length of a list, or of a byte string that follows. All of ours are far below 4 GiB.
    pub(crate) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("lengths are bounded far below u32::MAX"));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    pub(crate) fn height(&mut self, height: Height) {
        self.u64(height.0);
    }

    pub(crate) fn round(&mut self, round: Round) {
        self.u64(round.as_u32().map_or(0, |round| u64::from(round) + 1));
    }

    pub(crate) fn block_or_nil(&mut self, value: &NilOrVal<BlockId>) {
        match value {
            NilOrVal::Nil => self.u8(0),
            NilOrVal::Val(id) => {
                self.u8(1);
                self.raw(&id.0);
            }
        }
    }

    pub(crate) fn signature(&mut self, signature: &Signature) {
        self.raw(&signature.to_vec());
    }

    pub(crate) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}
