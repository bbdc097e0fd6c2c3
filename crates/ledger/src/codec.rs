//! The canonical encoding: one byte string a value, one value a byte string.
//!
//! Integers are big-endian and of fixed width; texts, byte strings and lists follow their length or count in
//! four bytes; options follow 0 or 1; booleans are 0 or 1. A decoder takes a bound for everything that has a
//! length, accepts nothing that the encoder would not have written, and refuses trailing bytes.

use gs1::{CompanyPrefix, Gln, Gtin, Lot};

use crate::limits::TEXT_BYTES_MAX;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("{missing} more bytes expected at offset {offset}")]
    Truncated {
        /// Where.
        offset: usize,
        /// How many are missing.
        missing: usize,
    },
    /// Bytes are left after the value.
    #[error("{count} bytes too many")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A length or count over its bound.
    #[error("{what}: {found} exceeds the bound of {max}")]
    TooLong {
        /// What has the length.
        what: &'static str,
        /// The length found.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// Bytes that no value of the type has.
    #[error("not a valid {what}")]
    Invalid {
        /// The type, in words.
        what: &'static str,
    },
}

impl From<lifecycle::UnknownCode> for DecodeError {
    fn from(unknown: lifecycle::UnknownCode) -> Self {
        DecodeError::Invalid { what: unknown.kind }
    }
}

/// A type with one canonical encoding.
pub trait Canonical: Sized {
    /// Appends the encoding.
    fn write(&self, to: &mut Writer);

    /// Takes a value off the front.
    ///
    /// # Errors
    /// [`DecodeError`] where the bytes are not an encoding of the type.
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// The encoding.
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        self.write(&mut writer);
        writer.0
    }

    /// The value that these bytes, and all of them, encode.
    ///
    /// # Errors
    /// [`DecodeError`], also for trailing bytes.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Appends values to a byte string.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Appends bytes as they are.
    pub fn fixed(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends a length and the bytes.
    pub fn var(&mut self, bytes: &[u8]) {
        (bytes.len() as u32).write(self);
        self.fixed(bytes);
    }

    /// Appends a count and the items.
    pub fn list<T: Canonical>(&mut self, items: &[T]) {
        (items.len() as u32).write(self);
        items.iter().for_each(|item| item.write(self));
    }
}

/// Takes values off a byte string.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, offset: 0 }
    }

    /// Takes `count` bytes.
    pub fn fixed(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.bytes[self.offset..];
        let Some(taken) = rest.get(..count) else {
            return Err(DecodeError::Truncated { offset: self.offset, missing: count - rest.len() });
        };
        self.offset += count;
        Ok(taken)
    }

    /// Takes an array.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.fixed(N)?);
        Ok(array)
    }

    /// Takes a length of at most `max` and as many bytes.
    pub fn var(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], DecodeError> {
        let length = self.count(what, max)?;
        self.fixed(length)
    }

    /// Takes a count of at most `max`.
    pub fn count(&mut self, what: &'static str, max: usize) -> Result<usize, DecodeError> {
        let found = u32::read(self)? as usize;
        if found > max { Err(DecodeError::TooLong { what, found, max }) } else { Ok(found) }
    }

    /// Takes a list of at most `max` items. Memory grows with what is read, not with the count claimed.
    pub fn list<T: Canonical>(&mut self, what: &'static str, max: usize) -> Result<Vec<T>, DecodeError> {
        let count = self.count(what, max)?;
        let mut items = Vec::with_capacity(count.min(1024));
        for _ in 0..count {
            items.push(T::read(self)?);
        }
        Ok(items)
    }

    /// Where the reader stands, in bytes from the start.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] when bytes are left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.offset {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Canonical for $type {
            fn write(&self, to: &mut Writer) {
                to.fixed(&self.to_be_bytes());
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok(Self::from_be_bytes(from.array()?))
            }
        }
    )*};
}
integers!(u8, u16, u32, u64);

impl<const N: usize> Canonical for [u8; N] {
    fn write(&self, to: &mut Writer) {
        to.fixed(self);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        from.array()
    }
}

impl Canonical for bool {
    fn write(&self, to: &mut Writer) {
        u8::from(*self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid { what: "boolean" }),
        }
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::read(from)? { Some(T::read(from)?) } else { None })
    }
}

impl Canonical for String {
    fn write(&self, to: &mut Writer) {
        to.var(self.as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = from.var("text", TEXT_BYTES_MAX)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::Invalid { what: "UTF-8 text" })
    }
}

macro_rules! gs1_texts {
    ($($type:ty, $what:literal);*) => {$(
        impl Canonical for $type {
            fn write(&self, to: &mut Writer) {
                to.var(self.as_str().as_bytes());
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let text = String::read(from)?;
                let value = <$type>::new(&text).map_err(|_| DecodeError::Invalid { what: $what })?;
                // Only the form the encoder writes: a GTIN-13 is not a second spelling of its GTIN-14.
                if value.as_str() == text { Ok(value) } else { Err(DecodeError::Invalid { what: $what }) }
            }
        }
    )*};
}
gs1_texts!(Gtin, "GTIN"; Gln, "GLN"; Lot, "lot"; CompanyPrefix, "GS1 company prefix");

/// Implements [`Canonical`] for a struct as its fields in order.
macro_rules! canonical_struct {
    ($type:ident { $($field:ident),* $(,)? }) => {
        impl $crate::codec::Canonical for $type {
            fn write(&self, to: &mut $crate::codec::Writer) {
                $($crate::codec::Canonical::write(&self.$field, to);)*
            }
            fn read(from: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                $(let $field = $crate::codec::Canonical::read(from)?;)*
                Ok($type { $($field),* })
            }
        }
    };
}
pub(crate) use canonical_struct;

/// Text and canonical forms of a newtype over a byte array.
macro_rules! hex_newtype {
    ($type:ident, $length:literal) => {
        impl $crate::codec::Canonical for $type {
            fn write(&self, to: &mut $crate::codec::Writer) {
                to.fixed(&self.0);
            }
            fn read(from: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::codec::DecodeError> {
                Ok($type(from.array()?))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($type), hex::encode(self.0))
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::codec::DecodeError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut bytes = [0; $length];
                let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
                match hex::decode_to_slice(text, &mut bytes) {
                    Ok(()) if lower => Ok($type(bytes)),
                    _ => Err($crate::codec::DecodeError::Invalid { what: stringify!($type) }),
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl AsRef<[u8]> for $type {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
    };
}
pub(crate) use hex_newtype;
