use std::fs;
use std::path::PathBuf;

use ledger::certificate::CommitSignature;
use ledger::{Hash, Height as LedgerHeight, Signature};
use tempfile::TempDir;

use super::*;
use crate::context::engine::Validity;
use crate::context::{Address, Height};

const NETWORK: Hash = Hash([7; 32]);

fn value(height: u64, round: u32, id: u8) -> ProposedValue {
    ProposedValue {
        height: Height(height),
        round: Round::new(round),
        valid_round: Round::Nil,
        proposer: Address([1; 20]),
        value: BlockId([id; 32]),
        validity: Validity::Valid,
    }
}

fn certificate(height: u64, id: u8) -> Certificate {
    let signature = CommitSignature { address: ledger::Address([1; 20]), signature: Signature([2; 64]) };
    let (height, block) = (LedgerHeight(height), Hash([id; 32]));
    Certificate { height, round: 0, block, signatures: vec![signature; 3] }
}

fn block(height: u64, len: usize) -> Vec<u8> {
    (0..len).map(|n| (n as u64 * 31 + height) as u8).collect()
}

fn decide(store: &mut Store, height: u64, len: usize) {
    let id = height as u8;
    store.put_proposal(value(height, 0, id), false, &block(height, len)).unwrap();
    assert_eq!(store.decide(&certificate(height, id)).unwrap(), block(height, len));
}

fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), History::All).unwrap()
}

fn assert_holds(store: &mut Store, heights: std::ops::RangeInclusive<u64>, len: usize) {
    for height in heights {
        let (found, proof) = store.decided(height).unwrap().unwrap();
        assert_eq!((found, proof), (block(height, len), certificate(height, height as u8)));
    }
}

fn log_of(dir: &TempDir, first: u64) -> PathBuf {
    dir.path().join(format!("{first:020}.log"))
}

#[test]
fn what_was_decided_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    assert_eq!((store.tip(), store.first()), (0, 1));
    (1..=20).for_each(|height| decide(&mut store, height, 100));
    drop(store);
    let mut store = open(&dir);
    assert_eq!((store.tip(), store.first()), (20, 1));
    assert_holds(&mut store, 1..=20, 100);
    assert!(store.decided(21).unwrap().is_none() && store.decided(0).unwrap().is_none());
    decide(&mut store, 21, 100);
}

#[test]
fn undecided_proposals_survive_and_are_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    decide(&mut store, 1, 10);
    store.put_proposal(value(2, 0, 9), true, b"own block").unwrap();
    store.put_proposal(value(2, 1, 8), false, b"other block").unwrap();
    let before = fs::metadata(log_of(&dir, 1)).unwrap().len();
    store.put_proposal(value(2, 0, 9), true, b"own block").unwrap();
    store.put_proposal(value(1, 0, 7), true, b"too late").unwrap();
    assert_eq!(fs::metadata(log_of(&dir, 1)).unwrap().len(), before);
    store.put_proposal(value(2, 2, 9), false, b"own block").unwrap();
    drop(store);

    let mut store = open(&dir);
    assert_eq!(store.own_proposal(2, Round::new(0)), Some(BlockId([9; 32])));
    assert_eq!(store.payload(2, BlockId([9; 32])).unwrap().unwrap(), b"own block");
    assert_eq!(store.own_proposal(2, Round::new(1)), None);
    assert_eq!(store.proposals(2, Round::new(1)), [value(2, 1, 8)]);
    assert_eq!(store.proposals(2, Round::new(2)), [value(2, 2, 9)]);
    assert_eq!(store.payload(2, BlockId([8; 32])).unwrap().unwrap(), b"other block");
    assert_eq!(store.decide(&certificate(2, 9)).unwrap(), b"own block");
    assert!(store.proposals(2, Round::new(0)).is_empty());
}

#[test]
fn a_decision_without_its_block_or_out_of_order_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    store.put_proposal(value(1, 0, 1), false, b"block").unwrap();
    store.put_proposal(value(2, 0, 2), false, b"block").unwrap();
    assert!(matches!(store.decide(&certificate(1, 5)), Err(Error::PayloadMissing(_))));
    assert!(matches!(store.decide(&certificate(2, 2)), Err(Error::PayloadMissing(_))));
    store.decide(&certificate(1, 1)).unwrap();
    store.decide(&certificate(2, 2)).unwrap();
}

#[test]
fn a_record_cut_at_any_byte_is_dropped_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    decide(&mut store, 1, 50);
    let whole = fs::metadata(log_of(&dir, 1)).unwrap().len();
    store.put_proposal(value(2, 0, 2), false, &block(2, 50)).unwrap();
    drop(store);
    let bytes = fs::read(log_of(&dir, 1)).unwrap();
    for cut in whole..bytes.len() as u64 {
        fs::write(log_of(&dir, 1), &bytes[..cut as usize]).unwrap();
        let mut store = open(&dir);
        assert_eq!(store.tip(), 1);
        assert!(store.proposals(2, Round::new(0)).is_empty());
        decide(&mut store, 2, 50);
        assert_holds(&mut store, 1..=2, 50);
    }
    // Zeros, as a file system may leave them, and a last record with a flipped bit.
    let mut zeros = bytes[..whole as usize].to_vec();
    zeros.resize(bytes.len(), 0);
    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for torn in [zeros, flipped] {
        fs::write(log_of(&dir, 1), torn).unwrap();
        let mut store = open(&dir);
        assert_eq!((store.tip(), fs::metadata(log_of(&dir, 1)).unwrap().len()), (1, whole));
        assert_holds(&mut store, 1..=1, 50);
    }
}

#[test]
fn damage_in_the_middle_is_not_taken_for_a_torn_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    (1..=3).for_each(|height| decide(&mut store, height, 50));
    drop(store);
    let mut bytes = fs::read(log_of(&dir, 1)).unwrap();
    bytes[40] ^= 1;
    fs::write(log_of(&dir, 1), &bytes).unwrap();
    let refused = Store::open(dir.path(), History::All);
    assert!(matches!(refused, Err(Error::Corrupt { offset: 0, .. })));
}

#[test]
fn segments_are_closed_served_pruned_and_their_index_rebuilt() {
    const LEN: usize = 4000;
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    // 64 kB a segment: 16 blocks of 4 kB, with their certificates, close one.
    store.segment_bytes = 64_000;
    (1..=20).for_each(|height| decide(&mut store, height, LEN));
    assert_eq!(store.starts, [1, 16]);
    assert_holds(&mut store, 1..=20, LEN);
    drop(store);

    fs::remove_file(log_of(&dir, 1).with_extension("idx")).unwrap();
    let mut store = open(&dir);
    assert_eq!((store.tip(), store.first()), (20, 1));
    assert_holds(&mut store, 14..=18, LEN);
    drop(store);

    let mut store = Store::open(dir.path(), History::Last(10)).unwrap();
    store.segment_bytes = 64_000;
    (21..=32).for_each(|height| decide(&mut store, height, LEN));
    assert_eq!((store.first(), store.tip()), (16, 32), "whole segments, at least ten heights");
    assert!(store.decided(15).unwrap().is_none() && !log_of(&dir, 1).exists());
    assert_holds(&mut store, 16..=16, LEN);
}

#[test]
fn a_folder_knows_its_network_its_role_and_its_user() {
    let dir = tempfile::tempdir().unwrap();
    let (made, bare) = (dir.path().join("made"), dir.path().join("bare"));
    create(&made, &NETWORK).unwrap();
    create(&made, &NETWORK).unwrap();
    assert!(matches!(create(&made, &Hash([8; 32])), Err(Error::Network { .. })));

    let mut folder = Folder::open(&made, &NETWORK).unwrap();
    assert_eq!(folder.role(), Role::New);
    assert!(matches!(Folder::open(&made, &NETWORK), Err(Error::Locked(_))));
    folder.set_role(Role::Validator).unwrap();
    fs::create_dir_all(folder.wal().parent().unwrap()).unwrap();
    fs::write(folder.wal(), b"").unwrap();
    drop(folder);
    create(&made, &NETWORK).unwrap();
    let folder = Folder::open(&made, &NETWORK).unwrap();
    assert_eq!(folder.role(), Role::Validator, "preparing again forgets nothing");
    fs::remove_file(folder.wal()).unwrap();
    drop(folder);
    assert_eq!(Folder::open(&made, &NETWORK).unwrap().role(), Role::Follower, "the votes are forgotten");
    assert_eq!(Folder::open(&made, &NETWORK).unwrap().role(), Role::Follower, "and stay so");
    assert_eq!(Folder::open(&bare, &NETWORK).unwrap().role(), Role::Follower, "never prepared");
}
