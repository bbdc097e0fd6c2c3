//! What a site accepts, an executor with the same facts accepts; what the rules forbid, both refuse for the same reason.

use capture::attempt::commission;
use capture::{Attempt, Label, PackChange, Rejection, Site, Subject};
use gs1::{ExpiryDate, Gln, Lot};
use ledger::testkit::{DISTRIBUTOR, MAKER, MEMBERS, Network, PHARMACY, pack, recall, site};
use ledger::{Hash, OrganisationId, Outcome, PackIdentity, StatusUpdate};
use lifecycle::{PackState, Refusal, Transition, VerdictCode};
use proptest::prelude::*;

use crate::samples::{member, network};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

fn label() -> Label {
    Label { lot: Lot::new("A123").unwrap(), expiry: ExpiryDate::new("280331", 2026).unwrap() }
}

fn subject(pack: &PackIdentity) -> Subject {
    Subject { pack: pack.clone(), lot: Some(label().lot), expiry: Some(label().expiry) }
}

/// A network in which the maker commissioned these packs, as its site would.
fn commissioned(packs: &[PackIdentity]) -> Network {
    let mut network = network();
    let (author, gln) = (member(&network, MAKER), site(MAKER));
    let at =
        Site { author: &author, gln: &gln, time_ms: network.state.time_ms, checked: network.state.height };
    let updates = packs
        .iter()
        .map(|pack| PackChange {
            pack: pack.clone(),
            issuer: MAKER,
            transition: Transition::Commission,
            label: Some(label()),
            pointer: String::new(),
        })
        .map(|change| commission(&change, &label(), &at))
        .collect();
    assert_eq!(executed(&mut network, MAKER, updates, 10), vec![Outcome::Accepted; packs.len()]);
    network
}

/// Decides a block of one batch with these updates; says what became of each.
fn executed(
    network: &mut Network,
    by: OrganisationId,
    updates: Vec<StatusUpdate>,
    step_ms: u64,
) -> Vec<Outcome> {
    let signed = network.batch(by, &[Hash([7; 32])], Vec::new(), updates);
    let block = network.block(vec![signed], step_ms);
    network.check(&block).unwrap();
    network.commit(block).execution.outcomes[0].clone()
}

/// Somebody tries something.
#[derive(Debug, Clone)]
struct Try {
    pack: u8,
    by: OrganisationId,
    elsewhere: bool,
    transition: Transition,
    /// From the block before to the block with this change.
    step_ms: u64,
    /// How far the site's clock is behind the block's.
    behind_ms: u64,
    recall_before: bool,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let transitions = prop_oneof![
        3 => Just(Transition::Dispense),
        3 => Just(Transition::Undo),
        2 => Just(Transition::Lock),
        2 => Just(Transition::Unlock),
        5 => proptest::sample::select(Transition::ALL.to_vec()),
    ];
    let steps = prop_oneof![Just(10), Just(HOUR_MS), Just(4 * DAY_MS), Just(9 * DAY_MS), Just(14 * DAY_MS)];
    let behind = prop_oneof![4 => Just(0), 1 => 0..71 * HOUR_MS];
    let one = (0..3u8, 0..4usize, any::<bool>(), transitions, steps, behind, proptest::bool::weighted(0.03));
    let one = one.prop_map(|(pack, by, elsewhere, transition, step_ms, behind_ms, recall_before)| Try {
        pack,
        by: MEMBERS[by],
        elsewhere,
        transition,
        step_ms,
        behind_ms: behind_ms.min(step_ms),
        recall_before,
    });
    proptest::collection::vec(one, 1..25)
}

/// What an honest program would send for this change were there no rules.
fn forced(attempt: &Attempt<'_>, version: u32) -> StatusUpdate {
    let (pack, site) = (&attempt.subject.pack, &attempt.site);
    let tagged = if attempt.transition == Transition::Undo { version.saturating_sub(1) } else { version };
    StatusUpdate {
        record_key: pack.record_key(MAKER),
        issuer: MAKER,
        transition: attempt.transition,
        version,
        opening: Some(pack.opening(version)),
        next_lock: pack.lock(version + 1),
        site_tag: Some(pack.site_tag(tagged, site.gln)),
        site_time_ms: site.time_ms,
        checked: site.checked,
        event: 0,
        label: None,
        plain: false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_site_and_the_executors_decide_alike(tries in tries()) {
        // The third pack is never commissioned.
        let packs = [pack("S1"), pack("S2"), pack("S3")];
        let mut network = commissioned(&packs[..2]);
        let mut recalled = false;
        for one in tries {
            if one.recall_before && !recalled {
                recalled = true;
                let signed = network.batch(MAKER, &[], vec![recall(Some("A123"))], Vec::new());
                network.decide(vec![signed]);
            }
            let author = member(&network, one.by);
            let gln: Gln = if one.elsewhere { site(OrganisationId(5)) } else { site(one.by) };
            let time_ms = network.state.time_ms + one.step_ms - one.behind_ms;
            let subject = subject(&packs[usize::from(one.pack)]);
            let at = Site { author: &author, gln: &gln, time_ms, checked: network.state.height };
            let attempt = Attempt { subject: &subject, transition: one.transition, site: at };
            let key = subject.record_key(&network.state.directory).unwrap();
            let record = network.records.get(&key).cloned();
            match attempt.decide(&network.state.directory, record.as_ref()) {
                Ok(update) => {
                    let outcomes = executed(&mut network, one.by, vec![update], one.step_ms);
                    prop_assert_eq!(outcomes, vec![Outcome::Accepted], "{:?}", one);
                    let (before, after) = (record.unwrap(), &network.records[&key]);
                    prop_assert_eq!(after.version, before.version + 1);
                    prop_assert_eq!((after.label, after.issuer), (before.label, before.issuer));
                    // Whoever holds the label can open what comes next.
                    prop_assert_eq!(after.lock, subject.pack.lock(after.version));
                }
                // The executors judge first who may commission at all; a site knows that from the event.
                Err(Rejection::Refused(Refusal::AlreadyCommissioned)) if one.by != MAKER => {}
                Err(Rejection::Refused(refusal)) if one.transition != Transition::Commission || record.is_some() => {
                    let update = forced(&attempt, record.map_or(0, |record| record.version));
                    let outcomes = executed(&mut network, one.by, vec![update], one.step_ms);
                    prop_assert_eq!(outcomes, vec![Outcome::Refused(refusal)], "{:?}", one);
                }
                Err(Rejection::Refused(refusal)) => prop_assert_eq!(refusal, Refusal::UnknownPack),
                // Recalls are the site's to judge, and only for those who would hand the pack on.
                Err(Rejection::Verdict(verdict)) => {
                    prop_assert_eq!(verdict.code, VerdictCode::Recalled);
                    prop_assert!(recalled);
                }
            }
        }
    }
}

#[test]
fn a_wrong_label_is_refused_before_anything_is_said_to_the_ledger() {
    let one = pack("S1");
    let network = commissioned(std::slice::from_ref(&one));
    let author = member(&network, PHARMACY);
    let gln = site(PHARMACY);
    let at =
        Site { author: &author, gln: &gln, time_ms: network.state.time_ms, checked: network.state.height };
    let decide = |subject: &Subject, transition| {
        let key = subject.record_key(&network.state.directory).unwrap();
        let attempt = Attempt { subject, transition, site: at };
        attempt.decide(&network.state.directory, network.records.get(&key))
    };
    let code = |rejection: Rejection| match rejection {
        Rejection::Verdict(verdict) => verdict.code,
        Rejection::Refused(refusal) => panic!("{refusal}"),
    };
    let lot = Subject { lot: Some(Lot::new("B456").unwrap()), ..subject(&one) };
    let date = Subject { expiry: Some(ExpiryDate::new("280330", 2026).unwrap()), ..subject(&one) };
    assert_eq!(code(decide(&lot, Transition::Dispense).unwrap_err()), VerdictCode::LotMismatch);
    assert_eq!(code(decide(&date, Transition::Dispense).unwrap_err()), VerdictCode::ExpiryMismatch);
    // What the label did not say, or was not asked, is not held against it.
    let unread = Subject { lot: None, expiry: None, ..subject(&one) };
    assert!(decide(&unread, Transition::Dispense).is_ok());
    let other = Subject { pack: pack("S9"), ..subject(&one) };
    assert_eq!(decide(&other, Transition::Dispense).unwrap_err(), Refusal::UnknownPack.into());
}

#[test]
fn a_recalled_pack_is_not_handed_on_but_may_be_locked_destroyed_or_reported_stolen() {
    let packs = [pack("S1"), pack("S2"), pack("S3")];
    let mut network = commissioned(&packs);
    let signed = network.batch(MAKER, &[], vec![recall(Some("A123"))], Vec::new());
    network.decide(vec![signed]);
    let (author, gln) = (member(&network, DISTRIBUTOR), site(DISTRIBUTOR));
    let at =
        Site { author: &author, gln: &gln, time_ms: network.state.time_ms, checked: network.state.height };
    let mut updates = Vec::new();
    let decided = |pack: &PackIdentity, transition, network: &Network| {
        let subject = subject(pack);
        let key = subject.record_key(&network.state.directory).unwrap();
        let attempt = Attempt { subject: &subject, transition, site: at };
        attempt.decide(&network.state.directory, network.records.get(&key))
    };
    for transition in [Transition::Dispense, Transition::Export, Transition::Sample] {
        let refused = decided(&packs[0], transition, &network);
        let Err(Rejection::Verdict(verdict)) = refused else { panic!("{refused:?}") };
        assert_eq!((verdict.code, verdict.state), (VerdictCode::Recalled, Some(PackState::Active)));
    }
    let allowed = [Transition::Destroy, Transition::Lock, Transition::ReportStolen];
    for (pack, transition) in packs.iter().zip(allowed) {
        updates.push(decided(pack, transition, &network).unwrap());
    }
    assert_eq!(executed(&mut network, DISTRIBUTOR, updates, 10), vec![Outcome::Accepted; 3]);
}
