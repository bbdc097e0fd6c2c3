//! Hand-overs: whoever begins with the genesis, or a checkpoint, follows the validators from set to set.

use ledger::receipt::{Broken, SignedHeader};
use ledger::testkit::{DISTRIBUTOR, MAKER, MEMBERS, Network, PHARMACY, REGULATOR};
use ledger::trust::{BrokenHandover, Checkpoint, Handover, Voters};
use ledger::{Hash, Height, Outcome, ValidatorSet};

use crate::governance::{carry, decree, network, run_to, voter, voters};

/// Three sets: the genesis's four to block 3, the first three to block 7, then the last three.
fn story() -> Network {
    let mut network = network();
    let batch = network.batch(MAKER, &[Hash([1; 32])], Vec::new(), Vec::new());
    network.decide(vec![batch]);
    assert_eq!(decree(&mut network, 2, voters(&MEMBERS[..3])), Outcome::Accepted);
    run_to(&mut network, 4);
    let change = network.governed(Height(8), voters(&MEMBERS[1..]), &MEMBERS[..3]);
    assert_eq!(carry(&mut network, change), Outcome::Accepted);
    run_to(&mut network, 8);
    let batch = network.batch(PHARMACY, &[Hash([2; 32])], Vec::new(), Vec::new());
    network.decide(vec![batch]);
    run_to(&mut network, 10);
    network
}

fn begun(network: &Network) -> Voters {
    Voters::of_genesis(&network.genesis)
}

fn followed(network: &Network, handovers: &[Handover]) -> Result<Voters, Broken> {
    let mut voters = begun(network);
    voters.follow(handovers).map(|()| voters)
}

fn heights(handovers: &[Handover]) -> Vec<u64> {
    handovers.iter().map(|handover| handover.block.header.height.0).collect()
}

const MISSING: Broken =
    Broken::Mismatch("the block names validators that this trust does not cover: a hand-over is missing");

#[test]
fn receipts_of_every_age_verify_from_the_genesis_on() {
    let network = story();
    let handovers = network.handovers();
    assert_eq!(heights(&handovers), [3, 7]);
    let voters = followed(&network, &handovers).unwrap();
    assert_eq!(network.event_receipt(Height(1), 0, 0).verify(voters.trust()), Ok(()));
    assert_eq!(network.event_receipt(Height(9), 0, 0).verify(voters.trust()), Ok(()));
    assert_eq!(network.item_receipt(Height(2), 0, 0).verify(voters.trust()), Ok(()));
    for height in (1..=10).map(Height) {
        assert_eq!(network.signed_header(height).verify(voters.trust()), Ok(()), "{height}");
    }
    let signed: Vec<usize> = [3, 4, 7, 8].map(|h| voters.at(Height(h)).unwrap().len()).to_vec();
    assert_eq!(signed, [4, 3, 3, 3]);
}

#[test]
fn a_stale_set_is_refused() {
    let network = story();
    let handovers = network.handovers();
    let stale = begun(&network);
    assert_eq!(network.signed_header(Height(2)).verify(stale.trust()), Ok(()));
    for height in 3..=10 {
        let verdict = network.signed_header(Height(height)).verify(stale.trust());
        assert_eq!(verdict, Err(MISSING), "{height}");
    }
    let half = followed(&network, &handovers[..1]).unwrap();
    assert_eq!(network.signed_header(Height(6)).verify(half.trust()), Ok(()));
    assert_eq!(network.signed_header(Height(7)).verify(half.trust()), Err(MISSING));
    assert_eq!(network.event_receipt(Height(9), 0, 0).verify(half.trust()), Err(MISSING));
    // An old validator's signatures do not make a header of a height at which it no longer votes.
    let all = followed(&network, &handovers).unwrap();
    let mut old = network.signed_header(Height(9));
    old.certificate =
        ledger::testkit::certify(&old.header, ledger::certificate::VoteKind::Precommit, 0, &MEMBERS[..3]);
    assert!(matches!(old.verify(all.trust()), Err(Broken::Certificate { height: Height(9), .. })));
}

#[test]
fn a_hand_over_that_does_not_follow_is_named() {
    let network = story();
    let handovers = network.handovers();
    let broken = |height, cause| Err(Broken::Handover { height: Height(height), cause });
    let certificate = |found: Result<Voters, Broken>, at| match found {
        Err(Broken::Handover { height, cause: BrokenHandover::Certificate(_) }) => assert_eq!(height.0, at),
        other => panic!("{other:?}"),
    };

    let twice = [handovers[0].clone(), handovers[0].clone()];
    assert_eq!(followed(&network, &twice), broken(3, BrokenHandover::Order(Height(4))));
    let swapped = [handovers[1].clone(), handovers[0].clone()];
    assert!(followed(&network, &swapped).is_err());

    let mut elsewhere = handovers.clone();
    elsewhere[0].block.header.network = Hash([1; 32]);
    assert_eq!(followed(&network, &elsewhere), broken(3, BrokenHandover::Network));
    let mut other = handovers.clone();
    other[0].block = SignedHeader { header: other[0].block.header.clone(), ..other[1].block.clone() };
    assert_eq!(followed(&network, &other), broken(3, BrokenHandover::OtherBlock));
    let mut own = handovers.clone();
    own[1].validators = ValidatorSet::new(vec![voter(REGULATOR)]);
    assert_eq!(followed(&network, &own), broken(7, BrokenHandover::Validators));
    let nobody =
        Handover { block: network.signed_header(Height(5)), validators: handovers[0].validators.clone() };
    assert_eq!(followed(&network, &[handovers[0].clone(), nobody]), broken(5, BrokenHandover::Nobody));
    let mut few = handovers.clone();
    few[0].block.certificate.signatures.truncate(2);
    certificate(followed(&network, &few), 3);
    // Whom the first set never named cannot hand over: neither the newcomers nor too few of the old.
    let mut usurped = handovers;
    usurped[0].validators = ValidatorSet::new(vec![voter(DISTRIBUTOR)]);
    usurped[0].block.header.next_validators = usurped[0].validators.hash();
    let header = &usurped[0].block.header;
    let signers = [DISTRIBUTOR, REGULATOR];
    usurped[0].block.certificate =
        ledger::testkit::certify(header, ledger::certificate::VoteKind::Precommit, 0, &signers);
    certificate(followed(&network, &usurped), 3);
}

#[test]
fn a_missing_hand_over_breaks_the_chain() {
    let mut network = network();
    assert_eq!(decree(&mut network, 2, voters(&[MAKER, DISTRIBUTOR])), Outcome::Accepted);
    run_to(&mut network, 3);
    let change = network.governed(Height(6), voters(&[PHARMACY, REGULATOR]), &[MAKER, DISTRIBUTOR]);
    assert_eq!(carry(&mut network, change), Outcome::Accepted);
    run_to(&mut network, 7);
    let handovers = network.handovers();
    assert_eq!(heights(&handovers), [2, 5]);
    let found = followed(&network, &handovers[1..]);
    let is_certificate =
        matches!(found, Err(Broken::Handover { height: Height(5), cause: BrokenHandover::Certificate(_) }));
    assert!(is_certificate, "{found:?}");
}

#[test]
fn a_checkpoint_serves_in_place_of_the_genesis() {
    let network = story();
    let handovers = network.handovers();
    let header = &network.signed_header(Height(5)).header;
    let checkpoint = Checkpoint {
        network: network.state.network,
        height: Height(5),
        block: header.hash(),
        validators: network.voters.at(Height(6)).unwrap().clone(),
    };
    let mut voters = Voters::of_checkpoint(&checkpoint);
    assert!(matches!(
        voters.follow(&handovers[..1]),
        Err(Broken::Handover { cause: BrokenHandover::Order(Height(6)), .. })
    ));
    voters.follow(&handovers[1..]).unwrap();
    for height in 5..=10 {
        assert_eq!(network.signed_header(Height(height)).verify(voters.trust()), Ok(()), "{height}");
    }
    let older = network.signed_header(Height(4)).verify(voters.trust());
    assert_eq!(older, Err(Broken::Mismatch("the block is older than the checkpoint")));
    // The checkpoint's own block is known by its hash, and no other of that height is.
    let mut fork = network.signed_header(Height(5));
    fork.header.time_ms += 1;
    fork.certificate.block = fork.header.hash();
    assert_eq!(fork.verify(voters.trust()), Err(Broken::Mismatch("the block is older than the checkpoint")));
}
