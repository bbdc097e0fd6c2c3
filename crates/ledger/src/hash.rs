//! SHA3-256, domain-separated.

use sha3::{Digest, Sha3_256};

use crate::codec::Canonical;

/// A SHA3-256 digest (FIPS 202). Shown and serialised as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

crate::codec::hex_newtype!(Hash, 32);

impl Hash {
    /// All zero: the state before anything happened.
    pub const ZERO: Hash = Hash([0; 32]);
}

/// Hashes a sequence of fields under a domain tag.
///
/// Bytes hashed: tag length (1 byte), tag, then each field: fixed-width ones as they are, others after their
/// length in 4 bytes, big-endian. Two different field sequences never give the same bytes.
pub struct TaggedHasher(Sha3_256);

impl TaggedHasher {
    /// A hasher under `tag`, one of [`crate::tags`].
    pub fn new(tag: &str) -> Self {
        let mut hasher = Sha3_256::new();
        hasher.update([tag.len() as u8]);
        hasher.update(tag.as_bytes());
        TaggedHasher(hasher)
    }

    /// Adds a field whose width is fixed by the tag.
    pub fn fixed(mut self, bytes: &[u8]) -> Self {
        self.0.update(bytes);
        self
    }

    /// Adds a field of any length.
    pub fn var(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u32).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// The digest.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// Hash of a type's canonical bytes under a tag.
pub fn hash_of<T: Canonical>(tag: &str, value: &T) -> Hash {
    TaggedHasher::new(tag).fixed(&value.to_bytes()).finish()
}
