//! Receipts that were tampered with: none proves what the genuine one proves, or anything else.

use k256::ecdsa;
use ledger::certificate::{CertificateError, VoteKind};
use ledger::merkle::ProofError;
use ledger::receipt::{Broken, EventReceipt, ItemReceipt, SignedHeader};
use ledger::testkit::{
    self, DISTRIBUTOR, MAKER, MEMBERS, Network, PHARMACY, REGULATOR, Story, certify, story,
};
use ledger::trust::Voters;
use ledger::{Canonical, DecodeError, Hash, Height, Outcome, Signature, ValidatorSet};
use lifecycle::Refusal;

/// What became of forgeries.
#[derive(Debug, Default)]
pub struct Tally {
    pub undecodable: u32,
    pub broken: u32,
    pub same: u32,
}

impl Tally {
    pub fn total(&self) -> u32 {
        self.undecodable + self.broken + self.same
    }
}

/// Flips bits in every byte, `masks` times each, and counts what becomes of it. A forgery that verifies must be
/// `same`: the genuine value but for parts that prove nothing.
pub fn flip_every_byte<T: Canonical>(
    genuine: &T,
    masks: &[u8],
    verifies: impl Fn(&T) -> bool,
    same: impl Fn(&T) -> bool,
) -> Tally {
    let bytes = genuine.to_bytes();
    let mut tally = Tally::default();
    for at in 0..bytes.len() {
        for mask in masks {
            let mut forged = bytes.clone();
            // A different bit at every place, so that one mask still reaches all bits of a field.
            forged[at] ^= mask.rotate_left(at as u32 % 8);
            match T::from_bytes(&forged) {
                Err(_) => tally.undecodable += 1,
                Ok(value) if !verifies(&value) => tally.broken += 1,
                Ok(value) => {
                    assert!(same(&value), "byte {at} of {} proves something else", bytes.len());
                    tally.same += 1;
                }
            }
        }
    }
    tally
}

/// The results tree's size is in no header, so a path may claim another size of the same shape, and only that:
/// the result itself names batch and item.
pub fn same_but_for_the_size_of_the_results(forged: &ItemReceipt, genuine: &ItemReceipt) -> bool {
    let mut forged = forged.clone();
    forged.result_path.size = genuine.result_path.size;
    forged == *genuine
}

fn event_receipt(network: &Network) -> EventReceipt {
    network.event_receipt(Height(1), 0, 0)
}

/// The distributor's dispense that came too late: a receipt of a refusal.
fn item_receipt(network: &Network) -> ItemReceipt {
    network.item_receipt(Height(2), 1, 0)
}

#[test]
fn genuine_receipts_verify_and_say_what_they_prove() {
    let Story { network, .. } = story();
    let trust = network.trust();
    for index in 0..16 {
        let receipt = network.event_receipt(Height(1), 0, index);
        assert_eq!(receipt.verify(trust), Ok(()));
        assert_eq!(receipt.event(), u64::from(index));
    }
    let later = network.event_receipt(Height(3), 0, 0);
    assert_eq!((later.verify(trust), later.event()), (Ok(()), 1));
    let accepted = network.item_receipt(Height(2), 0, 0);
    assert_eq!((accepted.verify(trust), accepted.outcome), (Ok(()), Outcome::Accepted));
    let refused = item_receipt(&network);
    let outcome = Outcome::Refused(Refusal::AlreadyInState);
    assert_eq!((refused.verify(trust), refused.outcome), (Ok(()), outcome));
    let recall = network.item_receipt(Height(4), 0, 0);
    assert_eq!((recall.verify(trust), recall.outcome), (Ok(()), Outcome::Accepted));
}

#[test]
fn no_byte_of_an_event_receipt_can_change() {
    let Story { network, .. } = story();
    let genuine = event_receipt(&network);
    let verifies = |forged: &EventReceipt| forged.verify(network.trust()).is_ok();
    let tally = flip_every_byte(&genuine, &[0x01, 0x10, 0xff], verifies, |_| false);
    println!("event receipt: {} forgeries, {tally:?}", tally.total());
    assert!(tally.total() > 2_000);
}

#[test]
fn no_byte_of_an_item_receipt_can_change_what_it_proves() {
    let Story { network, .. } = story();
    let genuine = item_receipt(&network);
    let verifies = |forged: &ItemReceipt| forged.verify(network.trust()).is_ok();
    let same = |forged: &ItemReceipt| same_but_for_the_size_of_the_results(forged, &genuine);
    let tally = flip_every_byte(&genuine, &[0x01, 0xff], verifies, same);
    println!("item receipt: {} forgeries, {tally:?}", tally.total());
    assert!(tally.total() > 2_000);
}

#[test]
fn a_receipt_is_neither_shorter_nor_longer() {
    let Story { network, .. } = story();
    let bytes = event_receipt(&network).to_bytes();
    for end in 0..bytes.len() {
        let cut = EventReceipt::from_bytes(&bytes[..end]);
        assert!(matches!(cut, Err(DecodeError::Truncated { .. })), "cut at {end}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(EventReceipt::from_bytes(&longer), Err(DecodeError::Trailing { count: 1 }));
}

/// How the genuine event receipt fails with its block's certificate replaced.
fn with_certificate(network: &Network, replace: impl FnOnce(&mut SignedHeader)) -> CertificateError {
    let mut receipt = event_receipt(network);
    replace(&mut receipt.anchor.block);
    match receipt.verify(network.trust()) {
        Err(Broken::Certificate { height, cause }) => {
            assert_eq!(height, Height(1));
            cause
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_holds_with_its_voters_in_order_and_enough_of_them() {
    let Story { network, .. } = story();
    let reordered = with_certificate(&network, |block| block.certificate.signatures.swap(0, 1));
    assert_eq!(reordered, CertificateError::Order);
    let repeated = with_certificate(&network, |block| {
        let first = block.certificate.signatures[0];
        block.certificate.signatures.insert(0, first);
    });
    assert_eq!(repeated, CertificateError::Order);
    let two = with_certificate(&network, |block| block.certificate.signatures.truncate(2));
    assert_eq!(two, CertificateError::Power { signed: 2, total: 4 });
    let none = with_certificate(&network, |block| block.certificate.signatures.clear());
    assert_eq!(none, CertificateError::Power { signed: 0, total: 4 });
}

#[test]
fn signatures_are_precommits_of_this_round_by_these_keys() {
    let Story { network, .. } = story();
    let certified = |kind, round, claimed| {
        with_certificate(&network, |block| {
            block.certificate = certify(&block.header, kind, round, &MEMBERS);
            block.certificate.round = claimed;
        })
    };
    let is_signature = |cause| matches!(cause, CertificateError::Signature(_));
    assert!(is_signature(certified(VoteKind::Prevote, 0, 0)));
    assert!(is_signature(certified(VoteKind::Precommit, 1, 0)));
    let stranger = with_certificate(&network, |block| {
        let outsiders = [MAKER, DISTRIBUTOR, PHARMACY, ledger::OrganisationId(9)];
        block.certificate = certify(&block.header, VoteKind::Precommit, 0, &outsiders);
    });
    assert!(matches!(stranger, CertificateError::Stranger(_)));
    let lent = with_certificate(&network, |block| {
        let signatures = &mut block.certificate.signatures;
        signatures[0].signature = signatures[1].signature;
    });
    assert!(is_signature(lent));
}

#[test]
fn the_other_spelling_of_a_signature_is_refused() {
    let Story { network, .. } = story();
    let cause = with_certificate(&network, |block| {
        let signature = &mut block.certificate.signatures[0].signature;
        let low = ecdsa::Signature::from_slice(&signature.0).unwrap();
        let (r, s) = low.split_scalars();
        let high = ecdsa::Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        *signature = Signature(high.to_bytes().into());
    });
    assert!(matches!(cause, CertificateError::Signature(_)));
}

#[test]
fn another_network_or_other_validators_are_not_trusted() {
    let Story { network, .. } = story();
    let (receipt, trust) = (event_receipt(&network), network.trust());
    let elsewhere = Voters::new(Hash([1; 32]), network.genesis.validator_set());
    let mismatch = |text| Err(Broken::Mismatch(text));
    assert_eq!(receipt.verify(elsewhere.trust()), mismatch("the block belongs to another network"));
    let mut validators = network.genesis.validators.clone();
    validators[0].power = 5;
    let others = ValidatorSet::new(validators);
    let foreign = Voters::new(network.state.network, others);
    assert_eq!(
        receipt.verify(foreign.trust()),
        mismatch("the block names validators that this trust does not cover: a hand-over is missing")
    );
    // The same organisations with a genesis of their own sign a chain that this network never had.
    let mut genesis = testkit::genesis();
    genesis.time_ms += 1;
    let mut fork = Network::of(genesis);
    let batch = fork.batch(MAKER, &[Hash([1; 32])], Vec::new(), Vec::new());
    fork.decide(vec![batch]);
    assert_eq!(fork.event_receipt(Height(1), 0, 0).verify(fork.trust()), Ok(()));
    assert_eq!(
        fork.event_receipt(Height(1), 0, 0).verify(trust),
        mismatch("the block belongs to another network")
    );
}

#[test]
fn parts_of_two_receipts_do_not_make_a_third() {
    let Story { network, .. } = story();
    let trust = network.trust();
    let path = |link, cause| Err(Broken::Path { link, cause });
    let genuine = event_receipt(&network);

    let mut other_event = genuine.clone();
    other_event.commitment = network.event_receipt(Height(1), 0, 1).commitment;
    assert_eq!(other_event.verify(trust), path("event in batch", ProofError::Root));
    let mut other_place = genuine.clone();
    other_place.path.index = 1;
    assert_eq!(other_place.verify(trust), path("event in batch", ProofError::Root));
    let mut outside = genuine.clone();
    outside.path.index = 16;
    assert_eq!(outside.verify(trust), path("event in batch", ProofError::Index));
    let mut short = genuine.clone();
    short.path.siblings.pop();
    assert_eq!(short.verify(trust), path("event in batch", ProofError::Length));
    let mut other_batch = genuine.clone();
    other_batch.anchor.batch = network.event_receipt(Height(1), 1, 0).anchor.batch;
    assert_eq!(other_batch.verify(trust), Err(Broken::Mismatch("the event's path is of another batch")));
    let mut other_block = genuine.clone();
    other_block.anchor.block = network.signed_header(Height(2));
    assert_eq!(other_block.verify(trust), path("batch in block", ProofError::Root));
    let mut height = genuine.clone();
    height.anchor.block.certificate.height = Height(2);
    assert_eq!(height.verify(trust), Err(Broken::Mismatch("the certificate is of another block")));
}

#[test]
fn an_outcome_is_that_of_this_item_in_the_next_block() {
    let Story { network, .. } = story();
    let (trust, genuine) = (network.trust(), item_receipt(&network));
    let result = |cause| Err(Broken::Path { link: "result in next block", cause });

    let mut accepted = genuine.clone();
    accepted.outcome = Outcome::Accepted;
    assert_eq!(accepted.verify(trust), result(ProofError::Root));
    let mut borrowed = genuine.clone();
    let winner = network.item_receipt(Height(2), 0, 0);
    (borrowed.outcome, borrowed.result_path) = (winner.outcome, winner.result_path);
    assert_eq!(borrowed.verify(trust), result(ProofError::Root));
    let mut later = genuine.clone();
    later.next = network.signed_header(Height(4));
    assert_eq!(
        later.verify(trust),
        Err(Broken::Mismatch("the block with the results does not follow the item's block"))
    );
    let mut posed = network.item_receipt(Height(4), 0, 0);
    posed.item = genuine.item.clone();
    assert_eq!(posed.verify(trust), Err(Broken::Mismatch("the item's path is of another batch")));
    let mut undecided = genuine;
    undecided.next.certificate = certify(&undecided.next.header, VoteKind::Precommit, 0, &[REGULATOR]);
    let cause = CertificateError::Power { signed: 1, total: 4 };
    assert_eq!(undecided.verify(trust), Err(Broken::Certificate { height: Height(3), cause }));
}

/// The one freedom a forger has, and why it is harmless: no header says how many results a block has, so two
/// sizes of the same shape pass; batch, item and outcome are in the leaf itself.
#[test]
fn the_number_of_results_is_not_proved_and_changes_nothing_that_is() {
    let Story { network, .. } = story();
    let genuine = item_receipt(&network);
    assert_eq!(genuine.result_path.size, 3);
    let mut forged = genuine.clone();
    forged.result_path.size = 4;
    assert_eq!(forged.verify(network.trust()), Ok(()));
    assert!(same_but_for_the_size_of_the_results(&forged, &genuine));
    forged.result_path.size = 5;
    assert!(forged.verify(network.trust()).is_err());
}
