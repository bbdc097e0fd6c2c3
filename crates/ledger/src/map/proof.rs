//! Proofs of several keys at once: the map's trie, cut off where no asked key leads.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DEPTH_MAX, TERMINATOR, inner_node, leaf_node, may_be_siblings, shared_bits, split};
use crate::Hash;
use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::limits::{MAP_PROOF_KEYS_MAX, MAP_PROOF_NODES_MAX};

/// Why a proof of a map does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// More keys than a proof may speak of.
    #[error("{found} keys asked, at most {max} may be")]
    TooMany {
        /// How many are asked.
        found: usize,
        /// How many may be.
        max: usize,
    },
    /// The keys asked are not in ascending order, or one is there twice.
    #[error("the keys asked are not in ascending order without repetition")]
    Order,
    /// The nodes are no map's, or not in the one form that a proof of these keys has.
    #[error("the proof is not a map's, cut off in the one form there is")]
    Shape,
    /// The proof opens nodes that no asked key leads through.
    #[error("the proof opens what nobody asked for")]
    Surplus,
    /// The proof is cut off where an asked key leads.
    #[error("the proof does not show what becomes of an asked key")]
    Missing,
    /// A key is shown absent that is said to be present, or the other way round.
    #[error(
        "the proof shows an asked key present that is said to be absent, or absent that is said to be present"
    )]
    Presence,
    /// The nodes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// What a node of a proof is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing is below.
    Terminator = 0,
    /// Known by its hash only.
    Pruned = 1,
    /// Its two children follow, left before right.
    Inner = 2,
    /// The entry of an asked key, which who verifies knows.
    Asked = 3,
    /// Another entry, given in the proof: where it is, no asked key is.
    Other = 4,
}

impl Kind {
    fn of(code: u8) -> Result<Kind, DecodeError> {
        [Kind::Terminator, Kind::Pruned, Kind::Inner, Kind::Asked, Kind::Other]
            .get(usize::from(code))
            .copied()
            .ok_or(DecodeError::Invalid { what: "kind of node in a map's proof" })
    }

    /// How many hashes it brings.
    fn hashes(self) -> usize {
        match self {
            Kind::Terminator | Kind::Inner | Kind::Asked => 0,
            Kind::Pruned => 1,
            Kind::Other => 2,
        }
    }
}

/// Proof of what a map has, or has not, under each of some keys. It names neither root nor keys nor values: who
/// verifies brings them.
///
/// Encoded as the kinds of its nodes in pre-order, four bits each, the first in the higher half of a byte, a last half
/// byte zero; then, in the same order, the hash of each pruned node, and key and value of each other leaf. Pre-order
/// meets asked leaves in the order of their keys, and ends by itself, so nothing is counted. One map and one set of
/// asked keys have exactly one proof. In JSON: the encoding in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    // Always one whole trie, with as many hashes as its kinds bring.
    pub(super) kinds: Vec<Kind>,
    pub(super) hashes: Vec<Hash>,
}

/// An asked key, and its value or none.
type Asked = (Hash, Option<Hash>);

impl MapProof {
    /// Checks that the map under `root` has each asked key with its value, or, for none, has it not.
    ///
    /// # Errors
    /// [`MapProofError`] naming what does not fit; also where `asked` is not sorted by key without repetition.
    pub fn verify(&self, root: &Hash, asked: &[(Hash, Option<Hash>)]) -> Result<(), MapProofError> {
        if self.root(asked)? == *root { Ok(()) } else { Err(MapProofError::Root) }
    }

    /// Root of the map that has each asked key with its value, or has it not, as far as this proof goes.
    ///
    /// # Errors
    /// As [`MapProof::verify`], except for another root.
    pub fn root(&self, asked: &[(Hash, Option<Hash>)]) -> Result<Hash, MapProofError> {
        if asked.len() > MAP_PROOF_KEYS_MAX {
            return Err(MapProofError::TooMany { found: asked.len(), max: MAP_PROOF_KEYS_MAX });
        }
        if !asked.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(MapProofError::Order);
        }
        let mut walk = Walk { kinds: self.kinds.iter(), hashes: self.hashes.iter() };
        let root = walk.node(asked, 0)?;
        if walk.kinds.len() == 0 && walk.hashes.len() == 0 { Ok(root) } else { Err(MapProofError::Shape) }
    }
}

/// What of a proof has not been looked at.
struct Walk<'a> {
    kinds: std::slice::Iter<'a, Kind>,
    hashes: std::slice::Iter<'a, Hash>,
}

impl Walk<'_> {
    fn hash(&mut self) -> Result<Hash, MapProofError> {
        self.hashes.next().copied().ok_or(MapProofError::Shape)
    }

    /// The next node, through which these asked keys lead.
    fn node(&mut self, asked: &[Asked], depth: u16) -> Result<Hash, MapProofError> {
        let kind = self.kinds.next().ok_or(MapProofError::Shape)?;
        match (kind, asked) {
            (Kind::Terminator, _) if asked.iter().all(|(_, value)| value.is_none()) => Ok(TERMINATOR),
            (Kind::Terminator, _) => Err(MapProofError::Presence),
            (Kind::Pruned, []) => match self.hash()? {
                TERMINATOR => Err(MapProofError::Shape),
                node => Ok(node),
            },
            (Kind::Pruned, _) => Err(MapProofError::Missing),
            (_, []) => Err(MapProofError::Surplus),
            (Kind::Inner, _) => self.inner(asked, depth),
            (Kind::Asked, _) => asked_leaf(asked),
            (Kind::Other, [first, ..]) => self.other_leaf(asked, first, depth),
        }
    }

    fn inner(&mut self, asked: &[Asked], depth: u16) -> Result<Hash, MapProofError> {
        if depth == DEPTH_MAX {
            return Err(MapProofError::Shape);
        }
        let (to_left, to_right) = split(asked, depth, |asked| &asked.0);
        let left = self.node(to_left, depth + 1)?;
        let right = self.node(to_right, depth + 1)?;
        if may_be_siblings(&left, &right) { Ok(inner_node(&left, &right)) } else { Err(MapProofError::Shape) }
    }

    /// An entry that nobody asked for stands where all these keys would.
    fn other_leaf(&mut self, asked: &[Asked], first: &Asked, depth: u16) -> Result<Hash, MapProofError> {
        let (key, value) = (self.hash()?, self.hash()?);
        if shared_bits(&key, &first.0) < depth {
            return Err(MapProofError::Shape);
        }
        let absent = |(other, value): &Asked| value.is_none() && *other != key;
        if asked.iter().all(absent) { Ok(leaf_node(&key, &value)) } else { Err(MapProofError::Presence) }
    }
}

/// Of these keys exactly one is present, and stands here.
fn asked_leaf(asked: &[Asked]) -> Result<Hash, MapProofError> {
    let mut present = asked.iter().filter_map(|(key, value)| value.map(|value| (key, value)));
    match (present.next(), present.next()) {
        (Some((key, value)), None) => Ok(leaf_node(key, &value)),
        _ => Err(MapProofError::Presence),
    }
}

impl Canonical for MapProof {
    fn write(&self, to: &mut Writer) {
        for pair in self.kinds.chunks(2) {
            let low = pair.get(1).map_or(0, |kind| *kind as u8);
            to.fixed(&[((pair[0] as u8) << 4) | low]);
        }
        self.hashes.iter().for_each(|hash| hash.write(to));
    }

    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let kinds = read_kinds(from)?;
        let mut hashes = Vec::new();
        for _ in 0..kinds.iter().map(|kind| kind.hashes()).sum() {
            hashes.push(Hash::read(from)?);
        }
        Ok(MapProof { kinds, hashes })
    }
}

/// Reads kinds until every inner node has its two children.
fn read_kinds(from: &mut Reader<'_>) -> Result<Vec<Kind>, DecodeError> {
    let (mut kinds, mut open) = (Vec::new(), 1usize);
    while open > 0 {
        let byte = u8::read(from)?;
        for code in [byte >> 4, byte & 0x0f] {
            let kind = Kind::of(code)?;
            if open == 0 {
                // The half byte after the last node.
                if kind != Kind::Terminator {
                    return Err(DecodeError::Invalid { what: "end of a map's proof" });
                }
                continue;
            }
            open = if kind == Kind::Inner { open + 1 } else { open - 1 };
            kinds.push(kind);
        }
        if kinds.len() > MAP_PROOF_NODES_MAX {
            let (found, max) = (kinds.len(), MAP_PROOF_NODES_MAX);
            return Err(DecodeError::TooLong { what: "nodes of a map's proof", found, max });
        }
    }
    Ok(kinds)
}

impl Serialize for MapProof {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(self.to_bytes()))
    }
}

impl<'de> Deserialize<'de> for MapProof {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let bytes = hex::decode(text.as_bytes()).ok().filter(|_| !upper);
        let bytes = bytes.ok_or_else(|| serde::de::Error::custom("not lower-case hexadecimal digits"))?;
        MapProof::from_bytes(&bytes).map_err(serde::de::Error::custom)
    }
}
