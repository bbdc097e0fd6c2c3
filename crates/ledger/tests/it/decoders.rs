//! Bytes from outside: no decoder panics, and each accepts only what its encoder writes.

use std::sync::LazyLock;

use ledger::testkit;
use proptest::prelude::*;

use crate::samples::{self, Sample};

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| samples::all(&testkit::story()));

/// What is accepted is the one encoding of what it decodes to.
fn canonical_or_refused(sample: &Sample, bytes: &[u8]) {
    if let Some(again) = (sample.again)(bytes) {
        assert_eq!(again, bytes, "{}: two encodings of one value", sample.name);
    }
}

#[derive(Debug, Clone)]
enum Edit {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, u8),
    /// A length or count that claims far more than follows.
    Claim(prop::sample::Index, u32),
    /// Another stretch of the same bytes.
    Copy(prop::sample::Index, prop::sample::Index, u8),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), any::<u8>()).prop_map(|(at, value)| Edit::Set(at, value)),
        1 => (at(), proptest::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, new)| Edit::Insert(at, new)),
        1 => (at(), 1u8..40).prop_map(|(at, count)| Edit::Remove(at, count)),
        2 => (at(), prop_oneof![Just(u32::MAX), Just(1 << 20), 0u32..300]).prop_map(|(at, n)| Edit::Claim(at, n)),
        1 => (at(), at(), 1u8..40).prop_map(|(from, to, count)| Edit::Copy(from, to, count)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match edit {
        Edit::Set(at, value) => bytes[at.index(length)] = *value,
        Edit::Insert(at, new) => {
            let at = at.index(length);
            bytes.splice(at..at, new.iter().copied());
        }
        Edit::Remove(at, count) => {
            let at = at.index(length);
            bytes.drain(at..(at + usize::from(*count)).min(length));
        }
        Edit::Claim(at, value) => {
            let at = at.index(length);
            let end = (at + 4).min(length);
            bytes[at..end].copy_from_slice(&value.to_be_bytes()[..end - at]);
        }
        Edit::Copy(from, to, count) => {
            let (from, to) = (from.index(length), to.index(length));
            let end = (from + usize::from(*count)).min(length);
            let stretch = bytes[from..end].to_vec();
            bytes.splice(to..to, stretch);
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        for sample in SAMPLES.iter() {
            canonical_or_refused(sample, &bytes);
        }
    }

    #[test]
    fn damaged_encodings_never_panic(edits in proptest::collection::vec(edit(), 1..5)) {
        for sample in SAMPLES.iter() {
            let mut bytes = sample.bytes.clone();
            edits.iter().for_each(|edit| apply(&mut bytes, edit));
            canonical_or_refused(sample, &bytes);
        }
    }

    #[test]
    fn one_types_encoding_is_no_trap_for_another(pick in any::<prop::sample::Index>(), edit in edit()) {
        let mut bytes = SAMPLES[pick.index(SAMPLES.len())].bytes.clone();
        apply(&mut bytes, &edit);
        for sample in SAMPLES.iter() {
            canonical_or_refused(sample, &bytes);
        }
    }
}

#[test]
fn no_encoding_is_the_beginning_of_another() {
    for sample in SAMPLES.iter() {
        for end in 0..sample.bytes.len() {
            assert_eq!((sample.again)(&sample.bytes[..end]), None, "{} cut at {end}", sample.name);
        }
        let mut longer = sample.bytes.clone();
        longer.push(0);
        assert_eq!((sample.again)(&longer), None, "{} with a byte more", sample.name);
    }
}

#[test]
fn a_claimed_count_reserves_no_memory() {
    let mut bytes = SAMPLES.iter().find(|sample| sample.name == "Disclosure").unwrap().bytes.clone();
    bytes[5..9].copy_from_slice(&(1u32 << 20).to_be_bytes());
    let sample = SAMPLES.iter().find(|sample| sample.name == "Disclosure").unwrap();
    assert_eq!((sample.again)(&bytes), None);
}
