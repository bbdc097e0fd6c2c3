//! Verdicts on scanned packs.

use capture::Subject;
use capture::authenticate::authenticate;
use gs1::{ExpiryDate, Gtin, Lot, SerialNumber};
use ledger::testkit::{DISTRIBUTOR, LOT, MAKER, Network, OTHER_LOT, change, commission, pack, recall};
use ledger::{Hash, PackIdentity, StatusUpdate};
use lifecycle::{PackState, Transition, VerdictCode};

use crate::samples::network;

/// 2026-11-23, in milliseconds since 1970 UTC.
const NOW_MS: u64 = 1_795_413_600_000;
const DAY_MS: u64 = 86_400_000;

/// A network in which S1 and S2 are of the first lot and S3 is of the other, S2 being locked.
fn stocked() -> Network {
    let mut network = network();
    let made = |network: &Network, serial, lot| commission(network, &pack(serial), lot);
    let updates = vec![made(&network, "S1", LOT), made(&network, "S2", LOT), made(&network, "S3", OTHER_LOT)];
    decide(&mut network, MAKER, updates);
    let locked = change(&network, &pack("S2"), Transition::Lock, 0, DISTRIBUTOR);
    decide(&mut network, DISTRIBUTOR, vec![locked]);
    network
}

fn decide(network: &mut Network, by: ledger::OrganisationId, updates: Vec<StatusUpdate>) {
    let signed = network.batch(by, &[Hash([7; 32])], Vec::new(), updates);
    network.decide(vec![signed]);
}

/// A label: serial number, lot, YYMMDD. The date that was commissioned is 280300.
fn scanned(serial: &str, lot: Option<&str>, expiry: Option<&str>) -> Subject {
    Subject {
        pack: pack(serial),
        lot: lot.map(|lot| Lot::new(lot).unwrap()),
        expiry: expiry.map(|date| ExpiryDate::new(date, 2026).unwrap()),
    }
}

fn verdict(network: &Network, subject: &Subject, now_ms: u64) -> VerdictCode {
    let directory = &network.state.directory;
    let record = subject.record_key(directory).and_then(|key| network.records.get(&key));
    authenticate(directory, subject, record, now_ms).verdict.code
}

#[test]
fn each_cause_has_its_verdict() {
    let network = stocked();
    let good = Some("280300");
    let cases = [
        (scanned("S1", Some(LOT), good), VerdictCode::Genuine),
        (scanned("S1", Some(LOT), Some("280331")), VerdictCode::Genuine),
        (scanned("S1", None, None), VerdictCode::IncompleteLabel),
        (scanned("S1", Some(LOT), None), VerdictCode::IncompleteLabel),
        (scanned("S1", None, good), VerdictCode::IncompleteLabel),
        (scanned("S1", Some(OTHER_LOT), good), VerdictCode::LotMismatch),
        (scanned("S1", Some(LOT), Some("280330")), VerdictCode::ExpiryMismatch),
        (scanned("S2", Some(LOT), good), VerdictCode::Inactive),
        (scanned("S9", Some(LOT), good), VerdictCode::UnknownSerial),
    ];
    for (subject, expected) in cases {
        assert_eq!(verdict(&network, &subject, NOW_MS), expected, "{subject:?}");
    }
    let unregistered =
        PackIdentity { gtin: Gtin::new("09506000134352").unwrap(), serial: SerialNumber::new("S1").unwrap() };
    let unregistered = Subject { pack: unregistered, lot: None, expiry: None };
    assert_eq!(unregistered.record_key(&network.state.directory), None);
    let answer = authenticate(&network.state.directory, &unregistered, None, NOW_MS);
    assert_eq!((answer.verdict.code, answer.issuer), (VerdictCode::UnknownProduct, None));
}

#[test]
fn a_pack_may_be_dispensed_on_its_last_day() {
    let network = stocked();
    // 2028-03-31T23:59:59.999Z, then a millisecond later.
    let last_ms = (21_274 + 1) * DAY_MS - 1;
    let subject = scanned("S1", Some(LOT), Some("280300"));
    assert_eq!(verdict(&network, &subject, last_ms), VerdictCode::Genuine);
    assert_eq!(verdict(&network, &subject, last_ms + 1), VerdictCode::Expired);
    // A time that no calendar has is not taken for a day.
    assert_eq!(verdict(&network, &subject, u64::MAX), VerdictCode::Genuine);
}

#[test]
fn a_recall_stops_its_lot_though_the_label_did_not_say_it_and_a_withdrawal_all() {
    let mut network = stocked();
    let signed = network.batch(MAKER, &[], vec![recall(Some(LOT))], Vec::new());
    network.decide(vec![signed]);
    assert_eq!(verdict(&network, &scanned("S1", None, None), NOW_MS), VerdictCode::Recalled);
    assert_eq!(verdict(&network, &scanned("S3", None, None), NOW_MS), VerdictCode::IncompleteLabel);
    // A label with a false lot does not get around the recall; it is told as what it is.
    assert_eq!(verdict(&network, &scanned("S1", Some(OTHER_LOT), None), NOW_MS), VerdictCode::LotMismatch);
    let signed = network.batch(MAKER, &[], vec![recall(None)], Vec::new());
    network.decide(vec![signed]);
    assert_eq!(verdict(&network, &scanned("S3", None, None), NOW_MS), VerdictCode::Withdrawn);
}

#[test]
fn an_answer_names_state_and_issuer() {
    let network = stocked();
    let subject = scanned("S2", None, None);
    let directory = &network.state.directory;
    let record = network.records.get(&subject.record_key(directory).unwrap());
    let answer = authenticate(directory, &subject, record, NOW_MS);
    assert_eq!((answer.verdict.state, answer.issuer), (Some(PackState::Locked), Some(MAKER)));
}
