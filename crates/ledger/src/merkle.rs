//! Merkle trees in the shape of RFC 6962 section 2.1, over any digest.
//!
//! Leaf hash: `H(0x00 ‖ leaf)`; node: `H(0x01 ‖ left ‖ right)`; a tree of n > 1 leaves splits at the largest
//! power of two below n. The ledger uses SHA3-256 ([`Hash`]); published SHA-256 vectors run through the same
//! code (`tests/it/rfc6962.rs`).

use digest::{Digest, Output};
use sha3::Sha3_256;

use crate::Hash;

/// Why a proof does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's index is not in a tree of this size, or the older tree is larger.
    #[error("the index lies outside the tree")]
    Index,
    /// The path has not the length that the index and size call for.
    #[error("the path has the wrong length")]
    Length,
    /// The path leads to another root.
    #[error("the path leads to another root")]
    Root,
}

/// Hash of a leaf.
pub fn leaf<D: Digest>(data: &[u8]) -> Output<D> {
    D::new().chain_update([0]).chain_update(data).finalize()
}

/// Hash of an inner node.
pub fn node<D: Digest>(left: &[u8], right: &[u8]) -> Output<D> {
    D::new().chain_update([1]).chain_update(left).chain_update(right).finalize()
}

fn split(size: usize) -> usize {
    debug_assert!(size > 1, "a tree of one leaf has no split");
    1 << (usize::BITS - 1 - (size - 1).leading_zeros())
}

/// Root over leaf hashes; of no leaves, the hash of nothing.
pub fn root<D: Digest>(leaves: &[Output<D>]) -> Output<D> {
    match leaves {
        [] => D::new().finalize(),
        _ => reduce::<D>(leaves.to_vec()),
    }
}

/// Level by level, an odd node rising unchanged: the same shape as splitting at powers of two.
fn reduce<D: Digest>(mut level: Vec<Output<D>>) -> Output<D> {
    while level.len() > 1 {
        let mut next = 0;
        for at in (0..level.len()).step_by(2) {
            level[next] = match level.get(at + 1) {
                Some(right) => node::<D>(&level[at], right),
                None => level[at].clone(),
            };
            next += 1;
        }
        level.truncate(next);
    }
    level.swap_remove(0)
}

/// Inclusion path of the leaf at `index`, from the leaf's sibling upwards (RFC 6962 section 2.1.1).
///
/// # Panics
/// When `index` is not below the number of leaves.
pub fn inclusion<D: Digest>(leaves: &[Output<D>], index: usize) -> Vec<Output<D>> {
    assert!(index < leaves.len(), "leaf {index} of {}", leaves.len());
    let (mut path, mut leaves, mut index) = (Vec::new(), leaves, index);
    while leaves.len() > 1 {
        let (left, right) = leaves.split_at(split(leaves.len()));
        if index < left.len() {
            path.push(root::<D>(right));
            leaves = left;
        } else {
            path.push(root::<D>(left));
            index -= left.len();
            leaves = right;
        }
    }
    path.reverse();
    path
}

/// Root that a leaf hash, its index and its path lead to.
///
/// # Errors
/// [`ProofError::Index`] or [`ProofError::Length`] where no tree of this size has such a path.
pub fn root_from_inclusion<D: Digest>(
    leaf: Output<D>,
    index: u64,
    size: u64,
    path: &[Output<D>],
) -> Result<Output<D>, ProofError> {
    if index >= size {
        return Err(ProofError::Index);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node::<D>(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node::<D>(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(ProofError::Length) }
}

/// Consistency proof between the trees of the first `older` leaves and of all (RFC 6962 section 2.1.2).
///
/// # Panics
/// When `older` is 0 or more than the number of leaves.
pub fn consistency<D: Digest>(leaves: &[Output<D>], older: usize) -> Vec<Output<D>> {
    assert!((1..=leaves.len()).contains(&older), "{older} of {} leaves", leaves.len());
    subproof::<D>(leaves, older, true)
}

fn subproof<D: Digest>(leaves: &[Output<D>], older: usize, complete: bool) -> Vec<Output<D>> {
    if older == leaves.len() {
        return if complete { Vec::new() } else { vec![root::<D>(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let mut path;
    if older <= left.len() {
        path = subproof::<D>(left, older, complete);
        path.push(root::<D>(right));
    } else {
        path = subproof::<D>(right, older - left.len(), false);
        path.push(root::<D>(left));
    }
    path
}

/// Checks that the tree of `newer` leaves extends the tree of `older` (RFC 9162 section 2.1.4.2).
///
/// # Errors
/// [`ProofError`] naming what does not fit.
pub fn verify_consistency<D: Digest>(
    older: u64,
    newer: u64,
    older_root: &Output<D>,
    newer_root: &Output<D>,
    path: &[Output<D>],
) -> Result<(), ProofError> {
    if older == 0 || older > newer {
        return Err(ProofError::Index);
    }
    if older == newer {
        return match path {
            [] if older_root == newer_root => Ok(()),
            [] => Err(ProofError::Root),
            _ => Err(ProofError::Length),
        };
    }
    let mut path = path.iter();
    let (mut at, mut last) = (older - 1, newer - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let first = if at == 0 { older_root } else { path.next().ok_or(ProofError::Length)? };
    let (mut old, mut new) = (first.clone(), first.clone());
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if at & 1 == 1 || at == last {
            old = node::<D>(sibling, &old);
            new = node::<D>(sibling, &new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            new = node::<D>(&new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    match last {
        0 if old == *older_root && new == *newer_root => Ok(()),
        0 => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// A tree of the ledger: SHA3-256 over canonical leaves.
#[derive(Debug, Clone, Default)]
pub struct Tree(Vec<Output<Sha3_256>>);

impl Tree {
    /// A tree over leaf data, in order.
    pub fn of<T: AsRef<[u8]>>(leaves: impl IntoIterator<Item = T>) -> Self {
        Tree(leaves.into_iter().map(|data| leaf::<Sha3_256>(data.as_ref())).collect())
    }

    /// The root.
    pub fn root(&self) -> Hash {
        Hash(root::<Sha3_256>(&self.0).into())
    }

    /// Inclusion path of a leaf.
    ///
    /// # Panics
    /// When there is no such leaf.
    pub fn path(&self, index: u32) -> Vec<Hash> {
        inclusion::<Sha3_256>(&self.0, index as usize).into_iter().map(|hash| Hash(hash.into())).collect()
    }

    /// How many leaves it has.
    pub fn size(&self) -> u32 {
        self.0.len() as u32
    }
}

/// Root that leaf data, its index and its path lead to, in a tree of the ledger.
///
/// # Errors
/// [`ProofError::Index`] or [`ProofError::Length`].
pub fn root_of_path(data: &[u8], index: u32, size: u32, path: &[Hash]) -> Result<Hash, ProofError> {
    let path: Vec<Output<Sha3_256>> = path.iter().map(|hash| hash.0.into()).collect();
    let root = root_from_inclusion::<Sha3_256>(leaf::<Sha3_256>(data), index.into(), size.into(), &path)?;
    Ok(Hash(root.into()))
}
