//! Frozen bytes: the encoding of every canonical type and every named hash are what they were.
//!
//! A difference means that ledgers already written, and proofs already given, would no longer be understood.
//! `THERIAC_BLESS=1 cargo test -p ledger golden` writes the file anew; the commit that does so states why the
//! bytes had to change and what becomes of existing chains.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gs1::{ExpiryDate, Lot};
use ledger::certificate::{VoteKind, vote_sign_bytes};
use ledger::commitment::{Disclosure, commit};
use ledger::directory::{GovernedAct, GovernedChange};
use ledger::map::height_entry;
use ledger::testkit::{self, LOT, MAKER, Story};
use ledger::{Address, Hash, Height, Map};
use serde::{Deserialize, Serialize};

use crate::samples;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Golden {
    /// Canonical bytes of one value of each type, in hexadecimal.
    encodings: BTreeMap<String, String>,
    /// Hashes, tags and signed bytes, in hexadecimal.
    names: BTreeMap<String, String>,
}

fn names(story: &Story) -> BTreeMap<String, String> {
    let pack = &story.packs["S1"];
    let block = &story.network.blocks[1].block;
    let voter = Address::of(&testkit::validator_key(MAKER).public_key());
    let vote = |kind, value: Option<&Hash>| {
        hex::encode(vote_sign_bytes(&story.network.state.network, kind, Height(2), 1, value, &voter))
    };
    let disclosure = Disclosure::whole(&testkit::event_salt(), &testkit::event_fields());
    let state = &story.network.state;
    let validators = testkit::genesis().validator_set();
    let governed = GovernedChange::new(7, Height(9), GovernedAct::SetValidators { validators });
    [
        ("network", testkit::genesis().network().to_string()),
        ("directory root of the genesis", testkit::genesis().directory().root().to_string()),
        ("validator set", testkit::genesis().validator_set().hash().to_string()),
        ("validator address", voter.to_string()),
        ("record key", pack.record_key(MAKER).to_string()),
        ("opening of version 0", pack.opening(0).to_string()),
        ("lock of version 0", pack.lock(0).to_string()),
        ("lot tag", pack.lot_tag(&Lot::new(LOT).unwrap()).to_string()),
        ("expiry tag, day 00", pack.expiry_tag(&ExpiryDate::new("280300", 2026).unwrap()).to_string()),
        ("expiry tag, day 31", pack.expiry_tag(&ExpiryDate::new("280331", 2026).unwrap()).to_string()),
        ("site tag", pack.site_tag(0, &testkit::site(MAKER)).to_string()),
        ("commitment", commit(&testkit::event_salt(), &testkit::event_fields()).to_string()),
        ("commitment of a disclosure", disclosure.commitment().unwrap().to_string()),
        ("padding leaf", ledger::batch::padding(&[9; 32], 5).to_string()),
        ("batch", block.batches[0].batch.header.hash().to_string()),
        ("batch signature", block.batches[0].signature.to_string()),
        ("block", block.header.hash().to_string()),
        ("results root", state.results_root.to_string()),
        ("status root", state.status_root.to_string()),
        ("directory root", state.directory_root().to_string()),
        ("digest of a governed change", governed.digest(&state.network).to_string()),
        ("prevote for nothing", vote(VoteKind::Prevote, None)),
        ("map root of nothing", Map::new().root().to_string()),
        ("map root of one entry", Map::from_iter([height_entry(Height(7))]).root().to_string()),
        ("map root of ten entries", samples::map().root().to_string()),
        ("map height key", height_entry(Height(7)).0.to_string()),
        ("map height value", height_entry(Height(7)).1.to_string()),
        ("precommit", vote(VoteKind::Precommit, Some(&block.header.hash()))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

#[test]
fn golden_bytes_are_what_they_were() {
    let story = testkit::story();
    let encodings = samples::all(&story)
        .into_iter()
        .map(|sample| (sample.name.to_owned(), hex::encode(sample.bytes)))
        .collect();
    let found = Golden { encodings, names: names(&story) };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vectors.json");
    if std::env::var("THERIAC_BLESS").is_ok_and(|value| value == "1") {
        fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
    }
    let golden: Golden = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for (kind, frozen, now) in
        [("encoding of", &golden.encodings, &found.encodings), ("name:", &golden.names, &found.names)]
    {
        for (name, bytes) in frozen {
            assert_eq!(now.get(name), Some(bytes), "{kind} {name} changed");
        }
        let added: Vec<_> = now.keys().filter(|name| !frozen.contains_key(*name)).collect();
        assert!(added.is_empty(), "{kind} {added:?}: not in the golden file yet");
    }
    println!("golden: {} encodings, {} names", golden.encodings.len(), golden.names.len());
}

#[test]
fn day_00_is_the_last_day_of_the_month() {
    let golden = names(&testkit::story());
    assert_eq!(golden["expiry tag, day 00"], golden["expiry tag, day 31"]);
    assert_eq!(golden["commitment"], golden["commitment of a disclosure"]);
}
