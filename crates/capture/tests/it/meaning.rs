//! What events mean.

use capture::{CustodyMove, Meaning};
use epcis::{Consignment, ErrorDeclaration, Event, Extensions, Removal, Timestamp};
use ledger::testkit::{DISTRIBUTOR, MAKER, PHARMACY, gtin, site};
use lifecycle::Transition;
use proptest::prelude::*;

use crate::samples::{case, commissioning, network, occasion, pack, pallet, path, place, read, shipping};

/// The changes of a meaning: serial number, what is done, where it stands in the event.
fn changes(meaning: &Meaning) -> Vec<(&str, Transition, &str)> {
    meaning.changes.iter().map(|c| (c.pack.serial.as_str(), c.transition, c.pointer.as_str())).collect()
}

#[test]
fn commissioning_changes_packs_and_takes_everything_into_custody() {
    let epcs = [pack("A1"), case("C1"), pack("A2"), pallet()];
    let meaning = read(&network(), &commissioning(&epcs), MAKER).unwrap();
    let commission = Transition::Commission;
    assert_eq!(changes(&meaning), [("A1", commission, "/epcList/0"), ("A2", commission, "/epcList/2")]);
    for change in &meaning.changes {
        let label = change.label.as_ref().unwrap();
        assert_eq!((change.pack.gtin, change.issuer), (gtin(), MAKER));
        assert_eq!(
            (label.lot.as_str(), label.expiry.resolved().to_string()),
            ("A123", "2028-03-31".to_owned())
        );
    }
    let items = epcs.iter().map(|epc| path(epc)).collect();
    assert_eq!(meaning.moves, [CustodyMove::Begin { items, site: site(MAKER) }]);
    assert_eq!(meaning.site, Some(site(MAKER)));
}

#[test]
fn units_come_into_being_without_lot_and_expiry() {
    let event = Event::commissioning_units(occasion(MAKER), vec![case("C1"), pallet()]);
    let meaning = read(&network(), &event, MAKER).unwrap();
    assert!(meaning.changes.is_empty());
    let items = vec![path(&case("C1")), path(&pallet())];
    assert_eq!(meaning.moves, [CustodyMove::Begin { items, site: site(MAKER) }]);
}

#[test]
fn a_date_of_six_digits_is_that_of_the_label() {
    let event = Event::commissioning(occasion(MAKER), vec![pack("A1")], "A123", "280300");
    let meaning = read(&network(), &event, MAKER).unwrap();
    let label = meaning.changes[0].label.clone().unwrap();
    assert_eq!(label.expiry.resolved().to_string(), "2028-03-31", "day 00 is the last of the month");
}

#[test]
fn packing_unpacking_shipping_and_receiving_move_goods_and_change_no_pack() {
    let (network, parent) = (network(), path(&pallet()));
    let (case_1, pack_1) = (path(&case("C1")), path(&pack("A1")));
    let packed = Event::packing(occasion(MAKER), pallet(), vec![case("C1")]);
    let unpacked = Event::unpacking(occasion(MAKER), pallet(), Vec::new());
    let shipped = shipping(&[pallet()], DISTRIBUTOR);
    let received = Event::receiving(occasion(DISTRIBUTOR), vec![pack("A1")], Consignment::default());
    let cases = [
        (&packed, MAKER, CustodyMove::Pack { parent: parent.clone(), children: vec![case_1] }),
        (&unpacked, MAKER, CustodyMove::Unpack { parent: parent.clone(), children: Vec::new() }),
        (
            &shipped,
            MAKER,
            CustodyMove::Ship { items: vec![parent], to: site(DISTRIBUTOR), consignee: DISTRIBUTOR },
        ),
        (&received, DISTRIBUTOR, CustodyMove::Receive { items: vec![pack_1], site: site(DISTRIBUTOR) }),
    ];
    for (event, by, expected) in cases {
        let meaning = read(&network, event, by).unwrap();
        assert!(meaning.changes.is_empty(), "{expected:?}");
        assert_eq!(meaning.moves, [expected]);
    }
}

#[test]
fn a_place_that_is_not_listed_is_found_by_its_party() {
    let unlisted = "https://id.gs1.org/414/9521321000094";
    let consignment = Consignment {
        destination_location: Some(unlisted.to_owned()),
        destination_owner: Some(format!("https://id.gs1.org/417/{}", site(PHARMACY))),
        ..Consignment::default()
    };
    let event = Event::shipping(occasion(MAKER), vec![pallet()], consignment);
    let meaning = read(&network(), &event, MAKER).unwrap();
    let Some(CustodyMove::Ship { to, consignee, .. }) = meaning.moves.first() else { panic!("{meaning:?}") };
    assert_eq!((to.as_str(), *consignee), ("9521321000094", PHARMACY));
}

/// An observation of a pack with a business step and a disposition.
fn observed(step: &str, disposition: &str) -> Event {
    let mut event = Event::dispensing(occasion(DISTRIBUTOR), vec![pack("A1"), case("C1")]);
    event.biz_step = Some(step.to_owned());
    event.disposition = Some(disposition.to_owned());
    event
}

#[test]
fn steps_of_the_core_business_vocabulary_change_packs() {
    let cases = [
        ("dispensing", "dispensed", Some(Transition::Dispense)),
        ("decommissioning", "dispensed", Some(Transition::Dispense)),
        ("destroying", "destroyed", Some(Transition::Destroy)),
        ("decommissioning", "destroyed", Some(Transition::Destroy)),
        ("decommissioning", "disposed", Some(Transition::Destroy)),
        ("sampling", "in_progress", Some(Transition::Sample)),
        ("inspecting", "stolen", Some(Transition::ReportStolen)),
        ("storing", "in_progress", None),
        ("decommissioning", "inactive", None),
        ("https://example.org/step", "https://example.org/disposition", None),
    ];
    for (step, disposition, transition) in cases {
        let meaning = read(&network(), &observed(step, disposition), DISTRIBUTOR).unwrap();
        match transition {
            Some(transition) => {
                assert_eq!(changes(&meaning), [("A1", transition, "/epcList/0")], "{step} {disposition}");
                let items = vec![path(&pack("A1")), path(&case("C1"))];
                assert_eq!(meaning.moves, [CustodyMove::End { items }]);
            }
            None => {
                assert!(meaning.changes.is_empty() && meaning.moves.is_empty(), "{step} {disposition}");
            }
        }
    }
}

#[test]
fn an_error_declaration_means_nothing_further() {
    let mut event = commissioning(&[pack("A1")]);
    event.error_declaration = Some(ErrorDeclaration {
        declaration_time: Timestamp::from_unix_millis(1_750_000_100_000).unwrap(),
        reason: Some("incorrect_data".to_owned()),
        corrective_event_ids: Vec::new(),
        extensions: Extensions::new(),
    });
    let meaning = read(&network(), &event, MAKER).unwrap();
    assert!(meaning.changes.is_empty() && meaning.moves.is_empty());
}

#[test]
fn who_may_commission_for_another_does_so_in_its_space() {
    let network = network();
    let mut contractor = crate::samples::member(&network, DISTRIBUTOR);
    contractor.commissions_for = vec![MAKER];
    let event = Event::commissioning(occasion(DISTRIBUTOR), vec![pack("A1")], "A123", "2028-03-31");
    let directory = &network.state.directory;
    let meaning = capture::interpret(&event, &contractor, directory, crate::samples::YEAR).unwrap();
    assert_eq!(meaning.changes[0].issuer, MAKER);
}

#[test]
fn the_site_is_where_goods_are_afterwards_else_where_they_were_read_else_the_party() {
    let network = network();
    let mut event = Event::decommissioning(occasion(MAKER), vec![pack("A1")], Removal::Destroyed);
    let other = "9521321000094";
    event.biz_location.as_mut().unwrap().id = place(&gs1::Gln::new(other).unwrap());
    assert_eq!(read(&network, &event, MAKER).unwrap().site.unwrap().as_str(), other);
    event.biz_location = None;
    assert_eq!(read(&network, &event, MAKER).unwrap().site, Some(site(MAKER)));
    event.read_point = None;
    assert_eq!(read(&network, &event, MAKER).unwrap().site, Some(site(MAKER)));
}

proptest! {
    /// Whatever the order and the mix, the changes are the packs in the event's order, and everything moves.
    #[test]
    fn changes_are_the_packs_in_the_events_order(kinds in proptest::collection::vec(0u8..3, 0..40)) {
        let epcs: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| match kind {
                0 => pack(&format!("S{place}")),
                1 => case(&format!("S{place}")),
                _ => format!("https://id.gs1.org/01/09521568251204/21/S{place}"),
            })
            .collect();
        let meaning = read(&network(), &commissioning(&epcs), MAKER).unwrap();
        let packs = kinds.iter().enumerate().filter(|(_, kind)| **kind != 1);
        let expected: Vec<(String, String)> =
            packs.map(|(place, _)| (format!("S{place}"), format!("/epcList/{place}"))).collect();
        let found: Vec<(String, String)> =
            changes(&meaning).into_iter().map(|(serial, _, at)| (serial.to_owned(), at.to_owned())).collect();
        prop_assert_eq!(found, expected);
        let items: Vec<String> = epcs.iter().map(|epc| path(epc)).collect();
        prop_assert_eq!(meaning.moves, [CustodyMove::Begin { items, site: site(MAKER) }]);
    }
}
