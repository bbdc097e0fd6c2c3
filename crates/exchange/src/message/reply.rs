//! What a receiver answers.

use bytes::Bytes;
use ledger::codec::Canonical;

use crate::limits::{CODE_BYTES_MAX, DETAIL_BYTES_MAX, REPLY_BYTES_MAX};
use crate::wire::{self, MessageError};

/// Code of a refusal: the bytes are not a message.
pub const MALFORMED: &str = "malformed";

/// Code of a refusal: a version or kind that the receiver does not know. Keep the message until it does.
pub const UNSUPPORTED: &str = "unsupported";

const ACCEPTED: u8 = 1;
const DUPLICATE: u8 = 2;
const REFUSED: u8 = 3;
const BUSY: u8 = 4;

/// The answer to a [`Message`](crate::Message). Larger answers (a trace) are messages of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The receiver has made the message durable; the sender may forget it.
    Accepted,
    /// The receiver had it already; the sender may forget it.
    Duplicate,
    /// The receiver will not take it, however often it is sent.
    Refused {
        /// A stable word, at most 64 bytes.
        code: String,
        /// For a person, at most 1,024 bytes. A longer one is cut when it is sent.
        detail: String,
    },
    /// The receiver has too much to do; the same message is welcome later.
    Busy {
        /// When to come back, in milliseconds from now.
        retry_after_ms: u32,
    },
}

impl Reply {
    /// A refusal with this code and reason.
    #[must_use]
    pub fn refused(code: &str, detail: impl ToString) -> Self {
        Self::Refused { code: code.to_owned(), detail: detail.to_string() }
    }

    /// The answer to bytes that are no message of ours.
    pub(crate) fn to_fault(fault: &MessageError) -> Self {
        match fault {
            MessageError::Version(_) | MessageError::Kind(_) => Self::refused(UNSUPPORTED, fault),
            _ => Self::refused(MALFORMED, fault),
        }
    }

    /// The outcome's name in logs and metrics.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
        }
    }

    /// The canonical bytes. A code or detail beyond its bound is cut at a character.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut writer = match self {
            Self::Accepted => wire::begin(ACCEPTED, 0),
            Self::Duplicate => wire::begin(DUPLICATE, 0),
            Self::Refused { .. } => wire::begin(REFUSED, 128),
            Self::Busy { .. } => wire::begin(BUSY, 4),
        };
        match self {
            Self::Accepted | Self::Duplicate => {}
            Self::Refused { code, detail } => {
                writer.var(cut(code, CODE_BYTES_MAX).as_bytes());
                writer.var(cut(detail, DETAIL_BYTES_MAX).as_bytes());
            }
            Self::Busy { retry_after_ms } => retry_after_ms.write(&mut writer),
        }
        writer.0.into()
    }

    /// Reads one reply that must fill `input`.
    ///
    /// # Errors
    /// [`MessageError`] naming the first thing that is wrong.
    pub fn decode(input: &[u8]) -> Result<Self, MessageError> {
        let (kind, mut reader) = wire::open(input, REPLY_BYTES_MAX)?;
        let reply = match kind {
            ACCEPTED => Self::Accepted,
            DUPLICATE => Self::Duplicate,
            REFUSED => Self::Refused {
                code: wire::text(&mut reader, "code", CODE_BYTES_MAX)?,
                detail: wire::text(&mut reader, "detail", DETAIL_BYTES_MAX)?,
            },
            BUSY => Self::Busy { retry_after_ms: u32::read(&mut reader)? },
            other => return Err(MessageError::Kind(other)),
        };
        reader.finish()?;
        Ok(reply)
    }
}

fn cut(text: &str, max: u32) -> &str {
    text.get(..text.floor_char_boundary(max as usize)).unwrap_or_default()
}
