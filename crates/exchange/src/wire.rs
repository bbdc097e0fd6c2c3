//! The frame of a message: a version, a kind, then fields in the ledger's canonical encoding
//! ([`ledger::codec`]).
//!
//! That encoding rather than CBOR through serde: each message has exactly one spelling (so a message that is
//! sent again is the same bytes), every field has its bound where it is read, nothing is allocated for
//! a length that the input does not have, and the project has one codec to review and fuzz.

use bytes::Bytes;
use ledger::codec::{Canonical, DecodeError, Reader, Writer};
use thiserror::Error;

/// The first byte of every message and reply.
const VERSION: u8 = 1;

/// What is wrong with a message, found while encoding our own or decoding another's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    /// The bytes are not the encoding of a message.
    #[error("not the encoding of a message: {0}")]
    Malformed(#[from] DecodeError),
    /// A field, or the whole message, is longer than its bound.
    #[error("{what} has {given}, at most {max} are allowed")]
    TooLarge {
        /// The field, or `message`.
        what: &'static str,
        /// Its length in bytes, or its number of entries.
        given: u64,
        /// The bound.
        max: u64,
    },
    /// A version other than the one this node speaks.
    #[error("version {0} is not spoken here")]
    Version(u8),
    /// A kind this node does not know, perhaps of a later release.
    #[error("kind {0} is not known here")]
    Kind(u8),
    /// The pages of a notice do not belong together, or are not all there.
    #[error("the pages are not one notice: {what}")]
    Pages {
        /// What does not fit.
        what: &'static str,
    },
}

/// Begins a message or reply of this kind.
pub(crate) fn begin(kind: u8, capacity: usize) -> Writer {
    let mut writer = Writer(Vec::with_capacity(capacity.saturating_add(2)));
    writer.fixed(&[VERSION, kind]);
    writer
}

/// Ends a message or reply of at most `max` bytes.
pub(crate) fn finish(writer: Writer, max: u32) -> Result<Bytes, MessageError> {
    within("message", writer.0.len(), max)?;
    Ok(writer.0.into())
}

/// Checks length and version; returns the kind and the fields.
pub(crate) fn open(input: &[u8], max: u32) -> Result<(u8, Reader<'_>), MessageError> {
    within("message", input.len(), max)?;
    let mut reader = Reader::new(input);
    match u8::read(&mut reader)? {
        VERSION => Ok((u8::read(&mut reader)?, reader)),
        other => Err(MessageError::Version(other)),
    }
}

/// Appends a length and the bytes, if they keep their bound.
pub(crate) fn put(
    writer: &mut Writer,
    what: &'static str,
    bytes: &[u8],
    max: u32,
) -> Result<(), MessageError> {
    within(what, bytes.len(), max)?;
    writer.var(bytes);
    Ok(())
}

/// Takes a text in UTF-8.
pub(crate) fn text(reader: &mut Reader<'_>, what: &'static str, max: u32) -> Result<String, MessageError> {
    let bytes = reader.var(what, max as usize)?.to_vec();
    String::from_utf8(bytes).map_err(|_| DecodeError::Invalid { what }.into())
}

/// Whether a length keeps its bound.
pub(crate) fn within(what: &'static str, given: usize, max: u32) -> Result<(), MessageError> {
    match u32::try_from(given) {
        Ok(given) if given <= max => Ok(()),
        _ => Err(MessageError::TooLarge { what, given: given as u64, max: max.into() }),
    }
}
