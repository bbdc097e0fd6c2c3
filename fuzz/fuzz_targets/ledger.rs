//! The ledger's decoders: each accepts only what its encoder writes. The first byte chooses the type.
#![no_main]

use ledger::commitment::Disclosure;
use ledger::directory::Entry;
use ledger::evidence::Evidence;
use ledger::receipt::{EventReceipt, ItemReceipt};
use ledger::trust::{Checkpoint, Handovers};
use ledger::{Block, BlockHeader, Canonical, Certificate, DirectoryChange, SignedBatch, StatusRecord, StatusUpdate};
use libfuzzer_sys::fuzz_target;

fn canonical<T: Canonical>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "two encodings of one value");
    }
}

/// The types, in the order that the seeds' first bytes count.
const TYPES: [fn(&[u8]); 11] = [
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
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    match TYPES.get(usize::from(*first)) {
        Some(decode) => decode(rest),
        None if *first == 12 => canonical::<Handovers>(rest),
        None if *first == 13 => canonical::<Checkpoint>(rest),
        None => disclosure(rest),
    }
});

/// A disclosure also has a commitment, which narrowing must not change.
fn disclosure(bytes: &[u8]) {
    let Ok(shown) = Disclosure::from_bytes(bytes) else { return };
    assert_eq!(shown.to_bytes(), bytes, "two encodings of one value");
    if let Ok(commitment) = shown.commitment() {
        let none = shown.narrow(|_| false);
        assert_eq!(none.and_then(|none| none.commitment()), Ok(commitment));
    }
}
