//! The same tree code over SHA-256 against published vectors, and every size up to 130 against the standard's own
//! recursion.
//!
//! Source of the vectors: the eight reference leaves of Certificate Transparency with their nodes, roots and proofs, as
//! `testonly/constants.go` and `proof/verify_test.go` of transparency-dev/merkle have them (Apache-2.0).

use digest::{Digest, Output};
use ledger::merkle::{
    ProofError, consistency, inclusion, leaf, node, root, root_from_inclusion, verify_consistency,
};
use proptest::prelude::*;
use sha2::Sha256;
use sha3::Sha3_256;

type H = Output<Sha256>;

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

/// Roots of the first n leaves, n from 0.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Nodes of the tree of eight: its leaves, pairs and fours, by letter and place.
const NODES: [(&str, &str); 14] = [
    ("a0", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("a1", "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
    ("a2", "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
    ("a3", "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
    ("a4", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
    ("a5", "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658"),
    ("a6", "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"),
    ("a7", "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1"),
    ("b0", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("b1", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
    ("b2", "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
    ("b3", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
    ("c0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("c1", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
];

/// Index, size, path.
const INCLUSIONS: [(usize, usize, &[&str]); 5] = [
    (0, 1, &[]),
    (0, 8, &["a1", "b1", "c1"]),
    (5, 8, &["a4", "b3", "c0"]),
    (2, 3, &["b0"]),
    (1, 5, &["a0", "b1", "a4"]),
];

/// Older size, newer size, path.
const CONSISTENCIES: [(usize, usize, &[&str]); 5] = [
    (1, 1, &[]),
    (1, 8, &["a1", "b1", "c1"]),
    (6, 8, &["b2", "b3", "c0"]),
    (2, 5, &["b1", "a4"]),
    (6, 7, &["b2", "a6", "c0"]),
];

fn bytes(text: &str) -> H {
    H::clone_from_slice(&hex::decode(text).unwrap())
}

fn nodes(path: &[&str]) -> Vec<H> {
    let find = |wanted: &&str| bytes(NODES.iter().find(|(name, _)| name == wanted).unwrap().1);
    path.iter().map(find).collect()
}

#[test]
fn published_sha256_vectors_come_out() {
    let all: Vec<H> = LEAVES.iter().map(|data| leaf::<Sha256>(&hex::decode(data).unwrap())).collect();
    for (at, hash) in all.iter().enumerate() {
        assert_eq!(*hash, bytes(NODES[at].1), "leaf {at}");
    }
    for (first, name) in [(0, "b0"), (2, "b1"), (4, "b2"), (6, "b3")] {
        assert_eq!(vec![node::<Sha256>(&all[first], &all[first + 1])], nodes(&[name]));
    }
    for (size, published) in ROOTS.iter().enumerate() {
        assert_eq!(root::<Sha256>(&all[..size]), bytes(published), "root of {size}");
    }
    for (index, size, path) in INCLUSIONS {
        let path = nodes(path);
        assert_eq!(inclusion::<Sha256>(&all[..size], index), path, "inclusion of {index} in {size}");
        let found = root_from_inclusion::<Sha256>(all[index], index as u64, size as u64, &path);
        assert_eq!(found, Ok(bytes(ROOTS[size])));
    }
    for (older, newer, path) in CONSISTENCIES {
        let path = nodes(path);
        assert_eq!(consistency::<Sha256>(&all[..newer], older), path, "consistency of {older} and {newer}");
        let roots = (bytes(ROOTS[older]), bytes(ROOTS[newer]));
        let holds = verify_consistency::<Sha256>(older as u64, newer as u64, &roots.0, &roots.1, &path);
        assert_eq!(holds, Ok(()));
    }
}

/// The standard's definitions, over leaf data: slow, and written without the code under test.
mod defined {
    use super::{Digest, H, Sha256};

    fn half(size: usize) -> usize {
        let mut k = 1;
        while k * 2 < size {
            k *= 2;
        }
        k
    }

    /// `MTH` of RFC 6962 section 2.1.
    pub fn root(data: &[Vec<u8>]) -> H {
        let parts: Vec<u8> = match data {
            [] => Vec::new(),
            [one] => [&[0], one.as_slice()].concat(),
            more => {
                let (left, right) = more.split_at(half(more.len()));
                [&[1], root(left).as_slice(), root(right).as_slice()].concat()
            }
        };
        Sha256::digest(parts)
    }

    /// `PATH` of section 2.1.1.
    pub fn path(index: usize, data: &[Vec<u8>]) -> Vec<H> {
        if data.len() == 1 {
            return Vec::new();
        }
        let (left, right) = data.split_at(half(data.len()));
        let (mut inner, other) = match index.checked_sub(left.len()) {
            None => (path(index, left), root(right)),
            Some(index) => (path(index, right), root(left)),
        };
        inner.push(other);
        inner
    }

    /// `SUBPROOF` of section 2.1.2.
    pub fn proof(older: usize, data: &[Vec<u8>], whole: bool) -> Vec<H> {
        if older == data.len() {
            return if whole { Vec::new() } else { vec![root(data)] };
        }
        let (left, right) = data.split_at(half(data.len()));
        let (mut inner, other) = if older <= left.len() {
            (proof(older, left, whole), root(right))
        } else {
            (proof(older - left.len(), right, false), root(left))
        };
        inner.push(other);
        inner
    }
}

fn data(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|i| (i as u32).to_be_bytes().repeat(i % 3 + 1)).collect()
}

fn hashes<D: Digest>(data: &[Vec<u8>]) -> Vec<Output<D>> {
    data.iter().map(|data| leaf::<D>(data)).collect()
}

#[test]
fn roots_and_proofs_are_as_the_standard_defines_them() {
    let data = data(66);
    let all = hashes::<Sha256>(&data);
    for size in 0..=data.len() {
        assert_eq!(root::<Sha256>(&all[..size]), defined::root(&data[..size]), "root of {size}");
        for at in 0..size {
            let (made, wanted) = (inclusion::<Sha256>(&all[..size], at), defined::path(at, &data[..size]));
            assert_eq!(made, wanted, "inclusion of {at} in {size}");
            let made = consistency::<Sha256>(&all[..size], at + 1);
            assert_eq!(
                made,
                defined::proof(at + 1, &data[..size], true),
                "consistency of {at} + 1 and {size}"
            );
        }
    }
}

/// Every proof made from a path by one change: a bit, a hash too many at either end or within, one too few, two swapped.
fn damaged<D: Digest>(path: &[Output<D>], stray: &Output<D>) -> Vec<Vec<Output<D>>> {
    let mut all = Vec::new();
    for at in 0..=path.len() {
        let mut longer = path.to_vec();
        longer.insert(at, stray.clone());
        all.push(longer);
    }
    for at in 0..path.len() {
        let mut flipped = path.to_vec();
        flipped[at][at % 32] ^= 1 << (at % 8);
        let mut shorter = path.to_vec();
        shorter.remove(at);
        all.extend([flipped, shorter]);
        if at > 0 && path[at] != path[at - 1] {
            let mut swapped = path.to_vec();
            swapped.swap(at - 1, at);
            all.push(swapped);
        }
    }
    all
}

fn inclusion_holds_and_nothing_else<D: Digest>(all: &[Output<D>], index: usize) {
    let (size, top, stray) = (all.len() as u64, root::<D>(all), leaf::<D>(b"stray"));
    let path = inclusion::<D>(all, index);
    let found =
        |index: usize, path: &[_]| root_from_inclusion::<D>(all[index].clone(), index as u64, size, path);
    assert!(found(index, &path) == Ok(top.clone()), "{index} of {size}");
    for forged in damaged::<D>(&path, &stray) {
        let led = found(index, &forged);
        assert!(led != Ok(top.clone()), "{index} of {size}: a damaged path leads to the root");
        assert_eq!(led.is_err(), forged.len() != path.len());
    }
    let forged = root_from_inclusion::<D>(stray, index as u64, size, &path);
    assert!(forged.is_ok_and(|led| led != top), "another leaf");
    for other in [index + 1, index ^ 1, index ^ 2] {
        let led = root_from_inclusion::<D>(all[index].clone(), other as u64, size, &path);
        assert!(other == index || led != Ok(top.clone()), "{index} of {size} at {other}");
    }
    let outside = root_from_inclusion::<D>(all[index].clone(), size, size, &path);
    assert!(outside == Err(ProofError::Index));
}

fn consistency_holds_and_nothing_else<D: Digest>(all: &[Output<D>], older: usize) {
    let (old, new, stray) = (root::<D>(&all[..older]), root::<D>(all), leaf::<D>(b"stray"));
    let path = consistency::<D>(all, older);
    let (o, n) = (older as u64, all.len() as u64);
    let check = |o: u64, old: &_, new: &_, path: &[_]| verify_consistency::<D>(o, n, old, new, path);
    assert_eq!(check(o, &old, &new, &path), Ok(()), "{o} and {n}");
    for forged in damaged::<D>(&path, &stray) {
        assert!(check(o, &old, &new, &forged).is_err(), "{o} and {n}: a damaged proof holds");
    }
    assert!(check(o, &stray, &new, &path).is_err());
    assert!(check(o, &old, &stray, &path).is_err());
    assert_eq!(check(o, &new, &old, &path).is_ok(), o == n);
    assert_eq!(check(0, &old, &new, &path), Err(ProofError::Index));
    assert_eq!(check(n + 1, &old, &new, &path), Err(ProofError::Index));
}

#[test]
fn every_proof_of_every_size_to_130_holds_and_no_damaged_one_does() {
    let all = hashes::<Sha3_256>(&data(130));
    let mut proofs = 0;
    for size in 1..=all.len() {
        for at in 0..size {
            inclusion_holds_and_nothing_else::<Sha3_256>(&all[..size], at);
            consistency_holds_and_nothing_else::<Sha3_256>(&all[..size], at + 1);
            proofs += 2;
        }
    }
    println!("rfc6962: {proofs} proofs");
    assert_eq!(proofs, 130 * 131);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn larger_trees_too(count in 131usize..6_000, picks in any::<[prop::sample::Index; 2]>()) {
        let all = hashes::<Sha256>(&data(count));
        inclusion_holds_and_nothing_else::<Sha256>(&all, picks[0].index(count));
        consistency_holds_and_nothing_else::<Sha256>(&all, picks[1].index(count) + 1);
    }
}
