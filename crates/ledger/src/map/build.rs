//! Proofs of many keys out of the ways of single ones.

use super::proof::Kind;
use super::{DEPTH_MAX, MapProof, MapProofError, TERMINATOR, split};
use crate::Hash;
use crate::limits::MAP_PROOF_KEYS_MAX;

/// The way of one key through a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapPath {
    /// The entry at its end: the key's own, or another's that shares all bits of the way; none where nothing is.
    pub terminal: Option<(Hash, Hash)>,
    /// Nodes beside the way, from below the root downwards.
    pub siblings: Vec<Hash>,
}

impl MapProof {
    /// A proof of several keys from each one's way, all of one map.
    ///
    /// Takes the keys in any order. It is not checked here that nodes hash to one another: [`MapProof::verify`] does.
    ///
    /// # Errors
    /// [`MapProofError::TooMany`]; [`MapProofError::Shape`] where the ways are not of one map, or there is none.
    pub fn from_paths(paths: impl IntoIterator<Item = (Hash, MapPath)>) -> Result<MapProof, MapProofError> {
        let mut paths: Vec<(Hash, MapPath)> = paths.into_iter().collect();
        paths.sort_by_key(|(key, _)| *key);
        paths.dedup_by_key(|(key, _)| *key);
        if paths.len() > MAP_PROOF_KEYS_MAX {
            return Err(MapProofError::TooMany { found: paths.len(), max: MAP_PROOF_KEYS_MAX });
        }
        let mut proof = MapProof { kinds: Vec::new(), hashes: Vec::new() };
        proof.open(&paths, 0)?;
        Ok(proof)
    }

    /// A proof that asks for no key: the root alone.
    pub fn of_nothing(root: Hash) -> MapProof {
        let mut proof = MapProof { kinds: Vec::new(), hashes: Vec::new() };
        proof.close(root);
        proof
    }

    fn close(&mut self, node: Hash) {
        if node == TERMINATOR {
            self.kinds.push(Kind::Terminator);
        } else {
            self.kinds.push(Kind::Pruned);
            self.hashes.push(node);
        }
    }

    fn open(&mut self, paths: &[(Hash, MapPath)], depth: u16) -> Result<(), MapProofError> {
        let Some((_, first)) = paths.first() else { return Err(MapProofError::Shape) };
        let ends = |path: &MapPath| path.siblings.len() == usize::from(depth);
        if paths.iter().any(|(_, path)| ends(path)) {
            let one = |(_, path): &(Hash, MapPath)| ends(path) && path.terminal == first.terminal;
            return if paths.iter().all(one) {
                self.end(paths, first.terminal)
            } else {
                Err(MapProofError::Shape)
            };
        }
        if depth == DEPTH_MAX {
            return Err(MapProofError::Shape);
        }
        self.kinds.push(Kind::Inner);
        let beside = first.siblings.get(usize::from(depth)).copied().ok_or(MapProofError::Shape)?;
        let (left, right) = split(paths, depth, |path| &path.0);
        for side in [left, right] {
            if side.is_empty() {
                self.close(beside);
            } else {
                self.open(side, depth + 1)?;
            }
        }
        Ok(())
    }

    fn end(
        &mut self,
        paths: &[(Hash, MapPath)],
        terminal: Option<(Hash, Hash)>,
    ) -> Result<(), MapProofError> {
        match terminal {
            None => self.kinds.push(Kind::Terminator),
            Some((key, _)) if paths.iter().any(|(asked, _)| *asked == key) => self.kinds.push(Kind::Asked),
            Some((key, value)) => {
                self.kinds.push(Kind::Other);
                self.hashes.extend([key, value]);
            }
        }
        Ok(())
    }
}
