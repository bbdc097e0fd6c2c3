//! The map against its definition, and proofs against whoever forges them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::Canonical;
use crate::limits::MAP_PROOF_KEYS_MAX;

/// The root by its definition: over sorted entries, from above.
fn by_definition(entries: &[(Hash, Hash)], depth: u16) -> Hash {
    match entries {
        [] => TERMINATOR,
        [(key, value)] => leaf_node(key, value),
        _ => {
            let (left, right) = split(entries, depth, |entry| &entry.0);
            inner_node(&by_definition(left, depth + 1), &by_definition(right, depth + 1))
        }
    }
}

/// Keys that often share many bits: differing from a few patterns in one byte only.
fn key() -> impl Strategy<Value = Hash> {
    prop_oneof![
        2 => any::<[u8; 32]>().prop_map(Hash),
        1 => (0u8..3, 0usize..32, any::<u8>()).prop_map(|(pattern, at, byte)| {
            let mut key = Hash([pattern * 0x55; 32]);
            key.0[at] = byte;
            key
        }),
    ]
}

fn value() -> impl Strategy<Value = Hash> {
    any::<u8>().prop_map(|byte| Hash([byte; 32]))
}

fn entries(count: usize) -> impl Strategy<Value = BTreeMap<Hash, Hash>> {
    proptest::collection::btree_map(key(), value(), 0..count)
}

/// Some keys of a map and some others, with what is true of them.
fn asked(map: &Map, present: &[Index], others: &BTreeSet<Hash>) -> Vec<(Hash, Option<Hash>)> {
    let all: Vec<Hash> = map.iter().map(|(key, _)| key).collect();
    let mut keys = others.clone();
    if !all.is_empty() {
        keys.extend(present.iter().map(|at| *at.get(&all)));
    }
    keys.into_iter().map(|key| (key, map.get(&key))).collect()
}

fn prove(map: &Map, asked: &[(Hash, Option<Hash>)]) -> MapProof {
    map.prove(&asked.iter().map(|(key, _)| *key).collect::<Vec<_>>()).unwrap()
}

fn present() -> impl Strategy<Value = Vec<Index>> {
    proptest::collection::vec(any::<Index>(), 0..8)
}

fn others() -> impl Strategy<Value = BTreeSet<Hash>> {
    proptest::collection::btree_set(key(), 0..8)
}

proptest! {
    #[test]
    fn the_root_is_that_of_the_definition(
        batches in proptest::collection::vec(
            proptest::collection::vec((key(), proptest::option::weighted(0.7, value())), 0..30), 0..6),
        removed in proptest::collection::vec(any::<Index>(), 0..20),
    ) {
        let (mut map, mut model) = (Map::new(), BTreeMap::new());
        for batch in batches {
            map.update(batch.iter().copied());
            for (key, value) in batch {
                match value {
                    Some(value) => model.insert(key, value),
                    None => model.remove(&key),
                };
            }
        }
        for at in removed {
            if model.is_empty() {
                break;
            }
            let keys: Vec<Hash> = model.keys().copied().collect();
            let key = *at.get(&keys);
            model.remove(&key);
            map.remove(&key);
        }
        let sorted: Vec<(Hash, Hash)> = model.into_iter().collect();
        prop_assert_eq!(map.root(), by_definition(&sorted, 0));
        prop_assert_eq!(map.len(), sorted.len());
        prop_assert_eq!(map.iter().collect::<Vec<_>>(), sorted);
    }

    #[test]
    fn an_old_clone_stays_what_it_was(first in entries(20), then in entries(20)) {
        let old: Map = first.clone().into_iter().collect();
        let root = old.root();
        let mut new = old.clone();
        then.iter().for_each(|(key, value)| new.insert(*key, *value));
        first.keys().for_each(|key| new.remove(key));
        prop_assert_eq!(old.root(), root);
        prop_assert!(first.iter().all(|(key, value)| old.get(key) == Some(*value)));
        prop_assert_eq!(new, then.into_iter().filter(|(key, _)| !first.contains_key(key)).collect());
    }

    #[test]
    fn a_proof_proves_and_is_the_only_one(entries in entries(40), present in present(), others in others()) {
        let map: Map = entries.into_iter().collect();
        let asked = asked(&map, &present, &others);
        let proof = prove(&map, &asked);
        prop_assert_eq!(proof.verify(&map.root(), &asked), Ok(()));
        prop_assert_eq!(MapProof::from_bytes(&proof.to_bytes()), Ok(proof.clone()));
        let json = serde_json::to_string(&proof).unwrap();
        prop_assert_eq!(serde_json::from_str::<MapProof>(&json).unwrap(), proof);
    }

    #[test]
    fn no_byte_of_a_proof_may_change(
        entries in entries(12), present in present(), others in others(), mask in 1u8..
    ) {
        let map: Map = entries.into_iter().collect();
        let asked = asked(&map, &present, &others);
        let bytes = prove(&map, &asked).to_bytes();
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= mask;
            let forged = MapProof::from_bytes(&bytes).map(|proof| proof.verify(&map.root(), &asked));
            prop_assert_ne!(forged, Ok(Ok(())), "byte {}", at);
        }
    }

    #[test]
    fn no_claim_may_change(entries in entries(40), present in present(), others in others(), fake in value()) {
        let map: Map = entries.into_iter().collect();
        let asked = asked(&map, &present, &others);
        let proof = prove(&map, &asked);
        for at in 0..asked.len() {
            for claim in [None, Some(fake)] {
                let mut forged = asked.clone();
                forged[at].1 = claim;
                let same = forged[at].1 == asked[at].1;
                prop_assert_eq!(proof.verify(&map.root(), &forged).is_ok(), same);
            }
            let mut fewer = asked.clone();
            fewer.remove(at);
            let other = prove(&map, &fewer);
            prop_assert_eq!(proof.verify(&map.root(), &fewer).is_ok(), other == proof);
        }
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        bytes in proptest::collection::vec(prop_oneof![0u8..0x50, Just(0x22), any::<u8>()], 0..300),
        keys in proptest::collection::btree_map(key(), proptest::option::of(value()), 0..20),
    ) {
        if let Ok(proof) = MapProof::from_bytes(&bytes) {
            prop_assert_eq!(proof.to_bytes(), bytes);
            let asked: Vec<_> = keys.into_iter().collect();
            prop_assert_ne!(proof.verify(&Hash([3; 32]), &asked), Ok(()));
        }
    }
}

fn key_of(first: u8) -> Hash {
    let mut key = Hash::ZERO;
    key.0[0] = first;
    key
}

fn bytes(kinds: &[u8], hashes: &[Hash]) -> Vec<u8> {
    [kinds, &hashes.iter().flat_map(|hash| hash.0).collect::<Vec<_>>()].concat()
}

fn verdict(kinds: &[u8], hashes: &[Hash], asked: &[(Hash, Option<Hash>)]) -> Result<Hash, MapProofError> {
    MapProof::from_bytes(&bytes(kinds, hashes)).unwrap().root(asked)
}

#[test]
fn only_the_one_form_is_accepted() {
    let (low, high, value) = (key_of(0x10), key_of(0x90), Hash([7; 32]));
    let leaf = leaf_node(&high, &value);
    let inner = inner_node(&leaf, &leaf);
    let root = inner_node(&leaf_node(&low, &value), &leaf);
    let one = [(low, Some(value))];
    assert_eq!(verdict(&[0x23, 0x10], &[leaf], &one), Ok(root), "inner, asked, pruned");
    // A leaf beside nothing is no map's, whether it is opened or cut off.
    assert_eq!(verdict(&[0x23, 0x00], &[], &one), Err(MapProofError::Shape));
    assert_eq!(verdict(&[0x20, 0x10], &[leaf], &[(low, None)]), Err(MapProofError::Shape));
    assert!(verdict(&[0x20, 0x10], &[inner], &[(low, None)]).is_ok());
    assert_eq!(verdict(&[0x20, 0x00], &[], &[(low, None)]), Err(MapProofError::Shape));
    // Nothing, cut off, is no second spelling of nothing.
    assert_eq!(verdict(&[0x23, 0x10], &[TERMINATOR], &one), Err(MapProofError::Shape));
    // What nobody asked for stays closed; what is asked for does not.
    assert_eq!(verdict(&[0x23, 0x40], &[high, value], &one), Err(MapProofError::Surplus));
    assert_eq!(verdict(&[0x21, 0x10], &[inner, inner], &one), Err(MapProofError::Missing));
    assert_eq!(verdict(&[0x10], &[root], &[]), Ok(root));
    assert_eq!(verdict(&[0x23, 0x10], &[leaf], &[]), Err(MapProofError::Surplus));
    // Another's entry stands only where its own key leads.
    assert_eq!(verdict(&[0x24, 0x10], &[high, value, leaf], &[(low, None)]), Err(MapProofError::Shape));
    // An asked entry is shown as such, and is one.
    assert_eq!(verdict(&[0x40], &[low, value], &one), Err(MapProofError::Presence));
    assert_eq!(verdict(&[0x40], &[low, value], &[(low, None)]), Err(MapProofError::Presence));
    assert_eq!(
        verdict(&[0x30], &[], &[(low, Some(value)), (high, Some(value))]),
        Err(MapProofError::Presence)
    );
    assert_eq!(verdict(&[0x30], &[], &[(low, None)]), Err(MapProofError::Presence));
    assert_eq!(verdict(&[0x00], &[], &one), Err(MapProofError::Presence));
    assert_eq!(verdict(&[0x30], &[], &[(low, Some(value)), (high, None)]), Ok(leaf_node(&low, &value)));
}

#[test]
fn what_is_asked_has_an_order_and_a_bound() {
    let map: Map = (0..=u8::MAX).map(|n| (key_of(n), Hash([n; 32]))).collect();
    let asked: Vec<_> = (0..=MAP_PROOF_KEYS_MAX as u8).map(|n| (key_of(n), Some(Hash([n; 32])))).collect();
    let keys: Vec<Hash> = asked.iter().map(|(key, _)| *key).collect();
    let too_many = Err(MapProofError::TooMany { found: 17, max: 16 });
    assert_eq!(map.prove(&keys).map(drop), too_many);
    let proof = map.prove(&keys[..16]).unwrap();
    assert_eq!(proof.verify(&map.root(), &asked[..16]), Ok(()));
    assert_eq!(proof.verify(&map.root(), &asked), too_many);
    let mut turned = asked[..16].to_vec();
    turned.swap(3, 4);
    assert_eq!(proof.verify(&map.root(), &turned), Err(MapProofError::Order));
    turned[4] = turned[3];
    assert_eq!(proof.verify(&map.root(), &turned), Err(MapProofError::Order));
    assert_eq!(proof.verify(&key_of(1), &asked[..16]), Err(MapProofError::Root));
}

#[test]
fn keys_that_differ_in_the_last_bit_are_kept_apart() {
    let (mut last, value) = (Hash::ZERO, Hash([1; 32]));
    last.0[31] = 1;
    let map: Map = [(Hash::ZERO, value), (last, value)].into_iter().collect();
    let asked = [(Hash::ZERO, Some(value)), (last, Some(value))];
    let proof = prove(&map, &asked);
    assert_eq!(proof.verify(&map.root(), &asked), Ok(()));
    // One level more than a key has bits.
    let mut deeper = vec![0x22; 128];
    deeper.push(0x23);
    deeper.extend([0u8; 129]);
    let proof = MapProof::from_bytes(&deeper[..]);
    assert!(proof.is_ok_and(|proof| proof.root(&asked[..1]) == Err(MapProofError::Shape)));
}

#[test]
fn a_proof_has_bounds() {
    let endless = vec![0x22; 5_000];
    assert!(matches!(MapProof::from_bytes(&endless), Err(crate::DecodeError::TooLong { .. })));
    assert!(MapProof::from_bytes(&[0x01]).is_err(), "a half byte left");
    assert!(MapProof::from_bytes(&[0x50]).is_err(), "no such kind");
    assert!(MapProof::from_bytes(&[0x10]).is_err(), "no hash");
    assert!(serde_json::from_str::<MapProof>("\"0A\"").is_err());
    assert_eq!(serde_json::to_string(&MapProof::of_nothing(TERMINATOR)).unwrap(), "\"00\"");
}

#[test]
fn the_height_is_an_entry() {
    let (key, value) = height_entry(Height(0x0102));
    assert_eq!(key, height_key());
    assert_eq!(height_of(&value), Some(Height(0x0102)));
    assert_eq!(height_of(&Hash([1; 32])), None);
    assert_eq!(height_of(&Map::from_iter([(key, value)]).get(&key).unwrap()), Some(Height(0x0102)));
}

#[test]
fn ways_of_two_maps_give_no_proof() {
    let map: Map = (0..=u8::MAX).map(|n| (key_of(n), Hash([n; 32]))).collect();
    let other: Map = [(key_of(1), Hash([1; 32]))].into_iter().collect();
    let paths = [(key_of(1), map.path(&key_of(1))), (key_of(2), other.path(&key_of(2)))];
    assert_eq!(MapProof::from_paths(paths), Err(MapProofError::Shape));
    assert_eq!(MapProof::from_paths([]), Err(MapProofError::Shape));
    let long = MapPath { terminal: None, siblings: vec![key_of(1); 300] };
    assert_eq!(MapProof::from_paths([(key_of(1), long)]), Err(MapProofError::Shape));
}
