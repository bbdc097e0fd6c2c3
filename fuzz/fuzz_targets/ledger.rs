//! The ledger's decoders: each accepts only what its encoder writes. The first byte chooses the type.
#![no_main]

use std::collections::BTreeSet;

use ledger::commitment::Disclosure;
use ledger::directory::Entry;
use ledger::evidence::Evidence;
use ledger::receipt::{EventReceipt, ItemReceipt};
use ledger::trust::{Checkpoint, Handovers};
use ledger::{
    Block, BlockHeader, Canonical, Certificate, DirectoryChange, Hash, MapProof, SignedBatch, StatusRecord,
    StatusUpdate,
};
use libfuzzer_sys::fuzz_target;

fn canonical<T: Canonical>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "two encodings of one value");
    }
}

/// The types, in the order that the seeds' first bytes count.
const TYPES: [fn(&[u8]); 15] = [
    canonical::<Block>,
    canonical::<BlockHeader>,
    canonical::<SignedBatch>,
    canonical::<Certificate>,
    canonical::<StatusUpdate>,
    canonical::<StatusRecord>,
    canonical::<DirectoryChange>,
    canonical::<Entry>,
    canonical::<EventReceipt>,
    canonical::<ItemReceipt>,
    canonical::<Evidence>,
    disclosure,
    map_proof,
    canonical::<Handovers>,
    canonical::<Checkpoint>,
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match TYPES.get(usize::from(*first)) {
        Some(decode) => decode(rest),
        None => disclosure(rest),
    }
});

/// Whatever a proof of a map is said to show of two keys, it leads to another root for each, and to none where it does not
/// show that.
fn map_proof(bytes: &[u8]) {
    let Ok(proof) = MapProof::from_bytes(bytes) else { return };
    assert_eq!(proof.to_bytes(), bytes, "two encodings of one value");
    let (low, high, value) = (Hash([0x35; 32]), Hash([0xca; 32]), Some(Hash([7; 32])));
    let claims = [(None, None), (None, value), (value, None), (value, value)];
    let root = |(one, other)| proof.root(&[(low, one), (high, other)]).ok();
    let roots: Vec<Hash> = claims.into_iter().filter_map(root).collect();
    let distinct: BTreeSet<&Hash> = roots.iter().collect();
    assert_eq!(distinct.len(), roots.len(), "one root proves two things");
    let _ = proof.root(&[]);
}

/// A disclosure also has a commitment, which narrowing must not change.
fn disclosure(bytes: &[u8]) {
    let Ok(shown) = Disclosure::from_bytes(bytes) else { return };
    assert_eq!(shown.to_bytes(), bytes, "two encodings of one value");
    if let Ok(commitment) = shown.commitment() {
        let none = shown.narrow(|_| false);
        assert_eq!(none.and_then(|none| none.commitment()), Ok(commitment));
    }
}
