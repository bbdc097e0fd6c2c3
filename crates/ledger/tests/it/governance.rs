//! What governors decide: each act, the quorum, the height at which it holds, and what is dropped.

use std::sync::Arc;

use gs1::CompanyPrefix;
use ledger::directory::{Fate, GovernedAct, GovernedChange, KeyEntry, OrganisationStanding};
use ledger::execute::{InvalidBatch, InvalidBlock};
use ledger::testkit::{
    self, DISTRIBUTOR, MAKER, MEMBERS, Network, PHARMACY, REGULATOR, organisation_key, site, validator_key,
};
use ledger::{
    Directory, DirectoryChange, Hash, Height, Organisation, OrganisationId, Outcome, PublicKey, Rules,
    SigningKey, Validator, ValidatorSet,
};
use lifecycle::{Refusal, Role};

const NEWCOMER: OrganisationId = OrganisationId(5);
const QUORUM: [OrganisationId; 3] = [MAKER, PHARMACY, REGULATOR];

pub fn network() -> Network {
    Network::of(testkit::genesis())
}

/// A block with one change, carried by the distributor.
pub fn carry(network: &mut Network, change: DirectoryChange) -> Outcome {
    let batch = network.batch(DISTRIBUTOR, &[], vec![change], Vec::new());
    network.decide(vec![batch]).execution.outcomes[0][0]
}

/// A block with a change that a quorum approves of, which takes effect `ahead` blocks after it.
pub fn decree(network: &mut Network, ahead: u64, act: GovernedAct) -> Outcome {
    let effective = Height(network.state.height.0 + 1 + ahead);
    let change = network.governed(effective, act, &QUORUM);
    carry(network, change)
}

/// Empty blocks up to this height.
pub fn run_to(network: &mut Network, height: u64) {
    while network.state.height.0 < height {
        network.decide(Vec::new());
    }
}

pub fn voter(id: OrganisationId) -> Validator {
    Validator { organisation: id, public_key: validator_key(id).public_key(), power: 1 }
}

pub fn voters(ids: &[OrganisationId]) -> GovernedAct {
    GovernedAct::SetValidators { validators: ValidatorSet::new(ids.iter().copied().map(voter).collect()) }
}

fn suspend(id: OrganisationId) -> GovernedAct {
    let (standing, reason) = (OrganisationStanding::Suspended, "licence withdrawn".to_owned());
    GovernedAct::SetStanding { organisation: id, standing, reason }
}

fn reinstate(id: OrganisationId) -> GovernedAct {
    let (standing, reason) = (OrganisationStanding::Good, "licence renewed".to_owned());
    GovernedAct::SetStanding { organisation: id, standing, reason }
}

fn newcomer(from: u64) -> Organisation {
    let keys = vec![KeyEntry {
        public_key: organisation_key(NEWCOMER).public_key(),
        from: Height(from),
        until: None,
    }];
    Organisation { keys, standing_since: Height(from), ..testkit::organisation(NEWCOMER, Role::Pharmacy) }
}

fn admit(from: u64) -> GovernedAct {
    GovernedAct::AdmitOrganisation { organisation: newcomer(from) }
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32]).unwrap()
}

const fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

/// Why the next block may not hold a batch of this author, signed with this key.
fn fault(network: &mut Network, by: OrganisationId, signer: &SigningKey) -> Option<InvalidBatch> {
    let batch = network.batch(by, &[], Vec::new(), Vec::new()).batch.sign(signer);
    let (height, time_ms) = (network.state.height.next(), network.state.time_ms + 10);
    let alone = network.state.includable(&batch, height, time_ms).err();
    let block = network.block(vec![batch], 10);
    match network.check(&block) {
        Ok(()) => assert_eq!(alone, None),
        Err(InvalidBlock::Batch { index: 0, cause }) => assert_eq!(alone, Some(cause)),
        other => panic!("{other:?}"),
    }
    alone
}

fn fates(network: &Network) -> Vec<Fate> {
    network.state.directory.governed().map(|change| change.fate).collect()
}

#[test]
fn an_organisation_is_admitted_at_its_height_and_may_sign_in_that_very_block() {
    let mut network = network();
    assert_eq!(decree(&mut network, 3, admit(4)), Outcome::Accepted);
    assert_eq!(fates(&network), [Fate::Pending]);
    run_to(&mut network, 2);
    let own = organisation_key(NEWCOMER);
    assert_eq!(fault(&mut network, NEWCOMER, &own), Some(InvalidBatch::Author(NEWCOMER)));
    let before = network.state.entries_root;
    run_to(&mut network, 3);
    assert_eq!(network.state.entries_root, before, "nothing happened yet");
    assert_eq!(fault(&mut network, NEWCOMER, &own), None);
    let first = network.batch(NEWCOMER, &[Hash([5; 32])], Vec::new(), Vec::new());
    let decided = network.decide(vec![first]);
    assert_eq!(decided.execution.entries.len(), 2, "the organisation, and what became of the change");
    assert_eq!(network.state.directory.organisation_at(&site(NEWCOMER)).unwrap().id, NEWCOMER);
    assert_eq!(fates(&network), [Fate::Done]);
    assert_eq!(network.state.entries_root, network.state.directory.root());
}

#[test]
fn an_organisation_that_does_not_fit_is_not_admitted() {
    let alterations: [fn(&mut Organisation); 13] = [
        |new| new.id = PHARMACY,
        |new| new.id = OrganisationId(0),
        |new| new.name.clear(),
        |new| new.glns = vec![site(MAKER)],
        |new| new.glns = vec![site(NEWCOMER), site(NEWCOMER)],
        |new| new.company_prefixes = vec![CompanyPrefix::new("95215682").unwrap()],
        |new| new.company_prefixes = vec![CompanyPrefix::new("9521568251").unwrap()],
        |new| new.keys[0].public_key = organisation_key(MAKER).public_key(),
        |new| new.keys[0].public_key = validator_key(MAKER).public_key(),
        |new| new.keys[0].public_key = PublicKey([5; 33]),
        |new| new.keys.clear(),
        |new| new.keys[0].from = Height(0),
        |new| new.commissions_for = vec![OrganisationId(77)],
    ];
    let mut network = network();
    for (at, alter) in alterations.into_iter().enumerate() {
        let mut organisation = newcomer(network.state.height.0 + 3);
        alter(&mut organisation);
        let outcome = decree(&mut network, 2, GovernedAct::AdmitOrganisation { organisation });
        assert_eq!(outcome, refused(Refusal::Unfit), "alteration {at}");
    }
    let fitting = newcomer(network.state.height.0 + 3);
    let outcome = decree(&mut network, 2, GovernedAct::AdmitOrganisation { organisation: fitting });
    assert_eq!(outcome, Outcome::Accepted);
}

#[test]
fn sites_prefixes_and_issuers_are_replaced() {
    let mut network = network();
    let act = |organisation, glns, company_prefixes, commissions_for| GovernedAct::SetOrganisation {
        organisation,
        glns,
        company_prefixes,
        commissions_for,
    };
    let prefix = |text| CompanyPrefix::new(text).unwrap();
    let own = act(PHARMACY, vec![site(NEWCOMER)], vec![prefix("9521111")], vec![MAKER]);
    assert_eq!(decree(&mut network, 2, own), Outcome::Accepted);
    run_to(&mut network, 3);
    let directory = &network.state.directory;
    assert_eq!(directory.organisation_at(&site(PHARMACY)), None);
    assert_eq!(directory.organisation_at(&site(NEWCOMER)).unwrap().id, PHARMACY);
    assert_eq!(directory.organisation(PHARMACY).unwrap().commissions_for, [MAKER]);
    let anew = Directory::of(directory.entries(), directory.rules().clone(), directory.validators().clone());
    assert_eq!(anew, **directory, "a restart finds the same");
    for foreign in [
        act(DISTRIBUTOR, vec![site(NEWCOMER)], Vec::new(), Vec::new()),
        act(DISTRIBUTOR, Vec::new(), vec![prefix("95211112")], Vec::new()),
        act(DISTRIBUTOR, Vec::new(), vec![prefix("9522"), prefix("95222")], Vec::new()),
        act(DISTRIBUTOR, Vec::new(), Vec::new(), vec![DISTRIBUTOR]),
    ] {
        assert_eq!(decree(&mut network, 2, foreign), refused(Refusal::Unfit));
    }
    let nobody = act(NEWCOMER, Vec::new(), Vec::new(), Vec::new());
    assert_eq!(decree(&mut network, 2, nobody), refused(Refusal::UnknownOrganisation));
}

#[test]
fn a_key_is_rotated_at_a_height_and_the_old_one_ends_there() {
    let mut network = network();
    let (old, new) = (organisation_key(PHARMACY), key(0x70));
    let rotate = |old: &SigningKey, new: &SigningKey| GovernedAct::RotateKey {
        organisation: PHARMACY,
        old: Some(old.public_key()),
        new: new.public_key(),
    };
    assert_eq!(decree(&mut network, 3, rotate(&old, &new)), Outcome::Accepted);
    run_to(&mut network, 2);
    let signature = Some(InvalidBatch::Signature(PHARMACY));
    assert_eq!(fault(&mut network, PHARMACY, &new), signature);
    assert_eq!(fault(&mut network, PHARMACY, &old), None);
    run_to(&mut network, 3);
    assert_eq!(fault(&mut network, PHARMACY, &new), None);
    assert_eq!(fault(&mut network, PHARMACY, &old), signature);
    run_to(&mut network, 4);
    assert_eq!(fault(&mut network, PHARMACY, &old), signature);
    // Neither an ended key nor one that anybody ever had begins again.
    for (ended, begun) in [(&old, &key(0x71)), (&new, &old), (&new, &organisation_key(MAKER))] {
        let effective = Height(network.state.height.0 + 3);
        let change = network.governed(effective, rotate(ended, begun), &[MAKER, DISTRIBUTOR, REGULATOR]);
        assert_eq!(carry(&mut network, change), refused(Refusal::Unfit));
    }
}

#[test]
fn the_key_that_votes_and_the_key_that_signs_may_change_together_in_either_order() {
    for validators_first in [true, false] {
        let mut network = network();
        let new = key(0x70).public_key();
        let old = Some(organisation_key(PHARMACY).public_key());
        let rotate = GovernedAct::RotateKey { organisation: PHARMACY, old, new };
        let voting = vec![voter(MAKER), Validator { public_key: new, ..voter(PHARMACY) }];
        let replace = GovernedAct::SetValidators { validators: ValidatorSet::new(voting) };
        let acts = if validators_first { [replace, rotate] } else { [rotate, replace] };
        for act in acts {
            let change = network.governed(Height(5), act, &QUORUM);
            assert_eq!(carry(&mut network, change), Outcome::Accepted);
        }
        run_to(&mut network, 5);
        assert_eq!(fates(&network), [Fate::Done, Fate::Done], "validators first: {validators_first}");
    }
}

#[test]
fn a_stolen_key_is_revoked_and_another_begins_later() {
    let mut network = network();
    let stolen = organisation_key(PHARMACY);
    let revoke = GovernedAct::RevokeKey { organisation: PHARMACY, key: stolen.public_key() };
    assert_eq!(decree(&mut network, 2, revoke.clone()), Outcome::Accepted);
    run_to(&mut network, 2);
    assert_eq!(fault(&mut network, PHARMACY, &stolen), Some(InvalidBatch::Signature(PHARMACY)));
    run_to(&mut network, 3);
    let again = network.governed(Height(6), revoke, &[MAKER, DISTRIBUTOR, REGULATOR]);
    assert_eq!(carry(&mut network, again), refused(Refusal::Unfit), "it has ended");
    // The thief cannot approve with it either, and the others are enough.
    let act = GovernedAct::RotateKey { organisation: PHARMACY, old: None, new: key(0x70).public_key() };
    let effective = Height(network.state.height.0 + 3);
    let by_thief = network.governed(effective, act.clone(), &QUORUM);
    assert_eq!(carry(&mut network, by_thief), refused(Refusal::Quorum));
    let effective = Height(network.state.height.0 + 3);
    let by_others = network.governed(effective, act, &[MAKER, DISTRIBUTOR, REGULATOR]);
    assert_eq!(carry(&mut network, by_others), Outcome::Accepted);
    run_to(&mut network, effective.0 - 1);
    assert_eq!(fault(&mut network, PHARMACY, &key(0x70)), None);
}

#[test]
fn the_block_at_its_height_is_voted_by_the_new_validators_and_the_header_before_names_them() {
    let mut network = network();
    let old = network.genesis.validator_set();
    assert_eq!(decree(&mut network, 3, voters(&[MAKER, DISTRIBUTOR])), Outcome::Accepted);
    run_to(&mut network, 5);
    let new = ValidatorSet::new(vec![voter(MAKER), voter(DISTRIBUTOR)]);
    let named: Vec<Hash> =
        network.blocks.iter().map(|decided| decided.block.header.next_validators).collect();
    assert_eq!(named, [old.hash(), old.hash(), new.hash(), new.hash(), new.hash()]);
    assert_eq!(network.blocks[2].execution.state.next_validators(), &new, "asked for after block 3");
    assert_eq!(network.blocks[2].execution.state.directory.validators(), &old);
    assert_eq!(network.blocks[3].execution.state.directory.validators(), &new);
    // Two govern now: both have to agree.
    let alone = network.governed(Height(9), suspend(PHARMACY), &[MAKER]);
    assert_eq!(carry(&mut network, alone), refused(Refusal::Quorum));
    let outsider = network.governed(Height(9), suspend(PHARMACY), &[MAKER, DISTRIBUTOR, REGULATOR]);
    assert_eq!(carry(&mut network, outsider), refused(Refusal::Quorum));
    let both = network.governed(Height(10), suspend(PHARMACY), &[MAKER, DISTRIBUTOR]);
    assert_eq!(carry(&mut network, both), Outcome::Accepted);
}

#[test]
fn validators_are_bounded_known_and_have_keys_of_their_own() {
    let mut network = network();
    let set = |validator: Validator| GovernedAct::SetValidators {
        validators: ValidatorSet::new(vec![voter(MAKER), validator]),
    };
    let other = voter(DISTRIBUTOR);
    for (refusal, unfit) in [
        (Refusal::Unfit, set(Validator { power: 0, ..other.clone() })),
        (Refusal::Unfit, set(Validator { power: u64::MAX, ..other.clone() })),
        (Refusal::Unfit, set(Validator { public_key: PublicKey([5; 33]), ..other.clone() })),
        (Refusal::Unfit, set(Validator { public_key: organisation_key(PHARMACY).public_key(), ..other })),
        (Refusal::UnknownOrganisation, set(voter(NEWCOMER))),
        (Refusal::Unfit, voters(&[])),
    ] {
        assert_eq!(decree(&mut network, 2, unfit), refused(refusal));
    }
    assert_eq!(decree(&mut network, 2, suspend(PHARMACY)), Outcome::Accepted);
    let effective = network.state.height.0 + 2;
    run_to(&mut network, effective);
    assert_eq!(decree(&mut network, 2, voters(&[MAKER, PHARMACY])), refused(Refusal::Unfit));
}

#[test]
fn a_named_set_votes_even_if_a_member_of_it_is_suspended_meanwhile() {
    let mut network = network();
    assert_eq!(decree(&mut network, 2, voters(&[MAKER, PHARMACY])), Outcome::Accepted);
    assert_eq!(decree(&mut network, 2, suspend(PHARMACY)), Outcome::Accepted);
    run_to(&mut network, 6);
    assert_eq!(fates(&network), [Fate::Done, Fate::Done]);
    assert_eq!(network.state.directory.validators().len(), 2);
}

#[test]
fn rules_hold_from_their_height_on_and_of_two_with_one_version_the_second_is_dropped() {
    let mut network = network();
    let rules = |version, block_ahead_max_ms| GovernedAct::SetRules {
        rules: Rules { version, block_ahead_max_ms, ..Rules::eu() },
    };
    assert_eq!(decree(&mut network, 4, rules(2, 5_000)), Outcome::Accepted);
    assert_eq!(decree(&mut network, 4, rules(2, 9_000)), Outcome::Accepted);
    run_to(&mut network, 6);
    let versions: Vec<u32> =
        network.blocks.iter().map(|decided| decided.block.header.rules_version).collect();
    assert_eq!(versions, [1, 1, 1, 1, 2, 2]);
    assert_eq!(network.state.directory.rules().block_ahead_max_ms, 5_000);
    assert_eq!(fates(&network), [Fate::Done, Fate::Dropped(Refusal::Unfit)]);
    assert_eq!(decree(&mut network, 2, rules(2, 5_000)), refused(Refusal::Unfit), "the version goes up");
    assert_eq!(decree(&mut network, 2, rules(4, 5_000)), refused(Refusal::Unfit), "by one");
    assert_eq!(decree(&mut network, 2, rules(3, 99)), refused(Refusal::Unfit));
    assert_eq!(decree(&mut network, 2, rules(3, 60_001)), refused(Refusal::Unfit));
    let mut twice = Rules { version: 3, ..Rules::eu() };
    twice.matrix.0.push(twice.matrix.0[0]);
    assert_eq!(decree(&mut network, 2, GovernedAct::SetRules { rules: twice }), refused(Refusal::Unfit));
}

#[test]
fn the_block_at_the_height_of_new_rules_is_checked_by_them() {
    let mut network = network();
    let rules = Rules { version: 2, block_ahead_max_ms: 5_000, ..Rules::eu() };
    assert_eq!(decree(&mut network, 2, GovernedAct::SetRules { rules }), Outcome::Accepted);
    let early = |network: &Network| {
        let block = network.block(Vec::new(), 10);
        network.state.check(&block, 0, block.header.time_ms - 5_000, &())
    };
    assert_eq!(early(&network), Err(InvalidBlock::Time));
    run_to(&mut network, 2);
    assert_eq!(early(&network), Ok(()));
}

#[test]
fn a_quorum_suspends_and_reinstates_and_a_regulator_cannot_suspend_its_way_to_one() {
    let mut network = network();
    assert_eq!(decree(&mut network, 2, suspend(REGULATOR)), Outcome::Accepted);
    run_to(&mut network, 2);
    let cause = Some(InvalidBatch::Suspended(REGULATOR));
    assert_eq!(fault(&mut network, REGULATOR, &organisation_key(REGULATOR)), cause);
    run_to(&mut network, 3);
    assert_eq!(decree(&mut network, 2, suspend(REGULATOR)), refused(Refusal::AlreadyInState));
    assert_eq!(decree(&mut network, 2, reinstate(REGULATOR)), Outcome::Accepted, "it approved itself");
    run_to(&mut network, 7);
    let suspensions = [MAKER, PHARMACY].map(|organisation| DirectoryChange::SetStanding {
        organisation,
        standing: OrganisationStanding::Suspended,
        reason: "inspection".to_owned(),
    });
    let batch = network.batch(REGULATOR, &[], suspensions.to_vec(), Vec::new());
    network.decide(vec![batch]);
    let by_two = network.governed(Height(11), reinstate(MAKER), &[DISTRIBUTOR, REGULATOR]);
    assert_eq!(carry(&mut network, by_two), refused(Refusal::Quorum), "the suspended still count");
    assert_eq!(decree(&mut network, 2, reinstate(MAKER)), Outcome::Accepted, "and approve");
}

#[test]
fn more_than_two_thirds_sign_each_in_order_exactly_this() {
    let mut network = network();
    let act = || suspend(PHARMACY);
    let at = |network: &Network| Height(network.state.height.0 + 3);
    let two = network.governed(at(&network), act(), &MEMBERS[..2]);
    assert_eq!(carry(&mut network, two), refused(Refusal::Quorum));
    let tampers: [fn(&mut GovernedChange); 8] = [
        |change| change.approvals.swap(0, 1),
        |change| change.approvals[1] = change.approvals[0],
        |change| change.approvals[2].signature = change.approvals[0].signature,
        |change| change.approvals[2].governor = OrganisationId(99),
        |change| change.number += 1,
        |change| change.effective = change.effective.next(),
        |change| change.act = suspend(DISTRIBUTOR),
        |change| change.approve(&Hash([1; 32]), MAKER, &organisation_key(MAKER)),
    ];
    for (index, tamper) in tampers.into_iter().enumerate() {
        let DirectoryChange::Governed(mut change) = network.governed(at(&network), act(), &QUORUM) else {
            panic!("not governed")
        };
        tamper(&mut change);
        let outcome = carry(&mut network, DirectoryChange::Governed(change));
        assert_eq!(outcome, refused(Refusal::Quorum), "tamper {index}");
    }
    let genuine = network.governed(at(&network), act(), &QUORUM);
    assert_eq!(carry(&mut network, genuine.clone()), Outcome::Accepted);
    assert_eq!(carry(&mut network, genuine), refused(Refusal::Number), "nothing is replayed");
    assert_eq!(
        network.state.directory.admit(
            MAKER,
            &network.governed(at(&network), act(), &QUORUM),
            at(&network),
            0
        ),
        Err(Refusal::Quorum)
    );
}

#[test]
fn a_height_is_two_blocks_ahead_and_within_bounds() {
    let mut network = network();
    for (ahead, accepted) in [(0, false), (1, false), (1_000_001, false), (1_000_000, true), (2, true)] {
        let outcome = decree(&mut network, ahead, suspend(PHARMACY));
        let expected = if accepted { Outcome::Accepted } else { refused(Refusal::Effective) };
        assert_eq!(outcome, expected, "{ahead} ahead");
    }
    let past = network.governed(Height(1), suspend(PHARMACY), &QUORUM);
    assert_eq!(carry(&mut network, past), refused(Refusal::Effective));
    let last = network.governed(Height(u64::MAX), suspend(PHARMACY), &QUORUM);
    assert_eq!(carry(&mut network, last), refused(Refusal::Effective));
}

#[test]
fn what_no_longer_fits_at_its_height_is_dropped_and_the_directory_says_so() {
    let mut network = network();
    assert_eq!(decree(&mut network, 4, admit(5)), Outcome::Accepted);
    assert_eq!(decree(&mut network, 4, admit(6)), Outcome::Accepted);
    assert_eq!(decree(&mut network, 4, suspend(PHARMACY)), Outcome::Accepted);
    let standing = OrganisationStanding::Suspended;
    let alone =
        DirectoryChange::SetStanding { organisation: PHARMACY, standing, reason: "inspection".to_owned() };
    let batch = network.batch(REGULATOR, &[], vec![alone], Vec::new());
    network.decide(vec![batch]);
    run_to(&mut network, 7);
    let dropped = [Fate::Dropped(Refusal::Unfit), Fate::Dropped(Refusal::AlreadyInState)];
    assert_eq!(fates(&network), [Fate::Done, dropped[0], dropped[1]]);
    let kept: Vec<_> =
        network.state.directory.governed().map(|c| (c.number, c.included, c.effective, c.author)).collect();
    assert_eq!(kept[1], (2, Height(2), Height(6), DISTRIBUTOR));
    assert_eq!(network.state.directory.organisation(PHARMACY).unwrap().standing_since, Height(4));
}

#[test]
fn changes_of_one_height_are_made_in_the_order_of_their_numbers() {
    let mut network = network();
    let first = network.governed(Height(4), voters(&[MAKER]), &QUORUM);
    assert_eq!(carry(&mut network, first), Outcome::Accepted);
    let second = network.governed(Height(4), voters(&[DISTRIBUTOR]), &QUORUM);
    assert_eq!(carry(&mut network, second), Outcome::Accepted);
    assert_eq!(network.state.directory.validators_at(Height(4)).iter().next(), Some(&voter(DISTRIBUTOR)));
    run_to(&mut network, 4);
    assert_eq!(network.state.directory.validators().iter().next(), Some(&voter(DISTRIBUTOR)));
}

#[test]
fn what_waits_is_bounded() {
    let mut network = network();
    let mut changes = Vec::new();
    for number in 1..=5 {
        let mut change = GovernedChange::new(number, Height(1_000), suspend(PHARMACY));
        for governor in QUORUM {
            change.approve(&network.state.network, governor, &organisation_key(governor));
        }
        changes.push(DirectoryChange::Governed(change));
    }
    let crowded = network.batch(MAKER, &[], changes, Vec::new());
    let block = network.block(vec![crowded], 10);
    let cause = InvalidBatch::Shape;
    assert_eq!(network.check(&block), Err(InvalidBlock::Batch { index: 0, cause }));
    for _ in 0..64 {
        let change = network.governed(Height(1_000), suspend(PHARMACY), &QUORUM);
        assert_eq!(carry(&mut network, change), Outcome::Accepted);
    }
    let one_more = network.governed(Height(1_000), suspend(PHARMACY), &QUORUM);
    assert_eq!(carry(&mut network, one_more), refused(Refusal::Unfit));
    let directory = Arc::clone(&network.state.directory);
    assert_eq!(directory.last_governed(), 64);
}

#[test]
fn a_governed_change_is_the_same_after_json() {
    let network = network();
    for act in [admit(9), suspend(MAKER), voters(&MEMBERS), GovernedAct::SetRules { rules: Rules::eu() }] {
        let change = network.governed(Height(9), act, &QUORUM);
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<DirectoryChange>(&text).unwrap(), change, "{text}");
    }
}
