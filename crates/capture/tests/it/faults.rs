//! What events are refused for: every fault, at its place.

use capture::{FAULTS_MAX, FaultCode};
use epcis::{Action, Consignment, Event, EventBody};
use ledger::testkit::{DISTRIBUTOR, MAKER, Network, site};
use ledger::{Organisation, OrganisationId};
use proptest::prelude::*;

use crate::samples::{
    YEAR, case, commissioning, member, network, occasion, pack, pallet, place, read, shipping, stopped,
};

/// A pack of a product that nobody registered.
const UNREGISTERED: &str = "https://id.gs1.org/01/09506000134352/21/B2";
/// A number whose check digit is wrong.
const MISTYPED: &str = "https://id.gs1.org/01/09521568251205/21/B2";

/// Codes and places of an event's faults.
fn told(network: &Network, event: &Event, by: OrganisationId) -> Vec<(FaultCode, String)> {
    let faults = read(network, event, by).unwrap_err();
    faults.into_iter().map(|fault| (fault.code, fault.pointer)).collect()
}

fn one(code: FaultCode, pointer: &str) -> Vec<(FaultCode, String)> {
    vec![(code, pointer.to_owned())]
}

fn object(event: &mut Event, change: impl FnOnce(&mut epcis::ObjectEvent)) {
    if let EventBody::Object(body) = &mut event.body {
        change(body);
    }
}

#[test]
fn identifiers_products_and_owners() {
    let network = network();
    let mistyped = commissioning(&[pack("A1"), MISTYPED.to_owned()]);
    assert_eq!(told(&network, &mistyped, MAKER), one(FaultCode::Identifier, "/epcList/1"));
    let unregistered = commissioning(&[pack("A1"), case("C1"), UNREGISTERED.to_owned()]);
    assert_eq!(told(&network, &unregistered, MAKER), one(FaultCode::UnknownProduct, "/epcList/2"));
    let foreign = Event::commissioning(occasion(DISTRIBUTOR), vec![pack("A1")], "A123", "2028-03-31");
    assert_eq!(told(&network, &foreign, DISTRIBUTOR), one(FaultCode::NotOwner, "/epcList/0"));
    let destroyed = Event::destroying(occasion(MAKER), vec![UNREGISTERED.to_owned()]);
    assert_eq!(told(&network, &destroyed, MAKER), one(FaultCode::UnknownProduct, "/epcList/0"));
    let packed = Event::packing(occasion(MAKER), "urn:epc:id:sscc:952156825.1".to_owned(), vec![pack("A1")]);
    assert_eq!(told(&network, &packed, MAKER), one(FaultCode::Identifier, "/parentID"));
    let packed = Event::packing(occasion(MAKER), pallet(), vec![case("C1"), MISTYPED.to_owned()]);
    assert_eq!(told(&network, &packed, MAKER), one(FaultCode::Identifier, "/childEPCs/1"));
    // An event without a meaning has identifiers all the same.
    let mut stored = commissioning(&[MISTYPED.to_owned()]);
    stored.biz_step = Some("storing".to_owned());
    assert_eq!(told(&network, &stored, MAKER), one(FaultCode::Identifier, "/epcList/0"));
}

#[test]
fn labels() {
    let network = network();
    let units = |lot: &str, expiry: &str| {
        told(&network, &Event::commissioning(occasion(MAKER), vec![pack("A1")], lot, expiry), MAKER)
    };
    let bare = Event::commissioning_units(occasion(MAKER), vec![pack("A1")]);
    let missing = [one(FaultCode::MissingLot, "/ilmd"), one(FaultCode::MissingExpiry, "/ilmd")].concat();
    assert_eq!(told(&network, &bare, MAKER), missing);
    let long = "ABCDEFGHIJKLMNOPQRSTU";
    assert_eq!(units(long, "2028-03-31"), one(FaultCode::IlmdValue, "/ilmd/cbvmda:lotNumber"));
    assert_eq!(units("A123", "soon"), one(FaultCode::IlmdValue, "/ilmd/cbvmda:itemExpirationDate"));
    assert_eq!(units("A123", "2028-02-30"), one(FaultCode::IlmdValue, "/ilmd/cbvmda:itemExpirationDate"));
}

#[test]
fn recalled_lots_and_withdrawn_products_are_commissioned_no_more() {
    let event = commissioning(&[case("C1"), pack("A1")]);
    for network in [stopped(Some("A123")), stopped(None)] {
        assert_eq!(told(&network, &event, MAKER), one(FaultCode::Stopped, "/epcList/1"));
    }
    assert!(read(&stopped(Some("B456")), &event, MAKER).is_ok(), "another lot is recalled");
}

#[test]
fn actions_and_destinations() {
    let network = network();
    for action in [Action::Observe, Action::Delete] {
        let mut event = commissioning(&[pack("A1")]);
        object(&mut event, |body| body.action = action);
        assert_eq!(told(&network, &event, MAKER), one(FaultCode::Action, "/action"));
    }
    let nowhere = Event::shipping(occasion(MAKER), vec![pallet()], Consignment::default());
    assert_eq!(told(&network, &nowhere, MAKER), one(FaultCode::UnknownDestination, "/destinationList"));
    let mut unknown = shipping(&[pallet()], DISTRIBUTOR);
    unknown.destinations[0].id = "https://id.gs1.org/414/9521321000094".to_owned();
    assert_eq!(told(&network, &unknown, MAKER), one(FaultCode::UnknownDestination, "/destinationList"));
}

#[test]
fn places_of_others_and_texts_that_are_no_places() {
    let network = network();
    let mut event = commissioning(&[pack("A1")]);
    event.biz_location.as_mut().unwrap().id = place(&site(DISTRIBUTOR));
    assert!(told(&network, &event, MAKER).contains(&(FaultCode::NotOwner, "/bizLocation/id".to_owned())));
    let mut event = commissioning(&[pack("A1")]);
    event.biz_location = None;
    event.read_point.as_mut().unwrap().id = "urn:epc:id:sgln:952156825.012345".to_owned();
    let faults = told(&network, &event, MAKER);
    assert!(faults.contains(&(FaultCode::Identifier, "/readPoint/id".to_owned())), "{faults:?}");
}

/// An organisation that has no place at all, and an event that names none.
#[test]
fn whoever_has_no_site_cannot_change_or_receive_anything() {
    let network = network();
    let homeless = Organisation { glns: Vec::new(), ..member(&network, MAKER) };
    let nowhere = |mut event: Event| {
        (event.biz_location, event.read_point) = (None, None);
        let faults = capture::interpret(&event, &homeless, &network.state.directory, YEAR).unwrap_err();
        faults.into_iter().map(|fault| (fault.code, fault.pointer)).collect::<Vec<_>>()
    };
    let missing = one(FaultCode::MissingSite, "/bizLocation");
    assert_eq!(nowhere(commissioning(&[pack("A1")])), missing);
    assert_eq!(nowhere(Event::destroying(occasion(MAKER), vec![pack("A1")])), missing);
    let received = Event::receiving(occasion(MAKER), vec![pallet()], Consignment::default());
    assert_eq!(nowhere(received), missing);
}

#[test]
fn a_fault_is_named_by_one_word_and_says_where_it_is() {
    let faults = read(&network(), &commissioning(&[MISTYPED.to_owned()]), MAKER).unwrap_err();
    assert_eq!(faults[0].code.as_str(), "identifier");
    assert!(faults[0].to_string().starts_with("/epcList/0: "), "{}", faults[0]);
}

proptest! {
    /// All that is wrong is named, up to the bound, and an event with any fault means nothing.
    #[test]
    fn every_fault_is_named_up_to_the_bound(kinds in proptest::collection::vec(0u8..4, 1..250)) {
        let epcs: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| match kind {
                0 => MISTYPED.to_owned(),
                1 => UNREGISTERED.to_owned(),
                _ => pack(&format!("S{place}")),
            })
            .collect();
        let wrong = |(_, kind): &(usize, &u8)| **kind < 2;
        let mut expected: Vec<String> =
            kinds.iter().enumerate().filter(wrong).map(|(place, _)| format!("/epcList/{place}")).collect();
        match read(&network(), &commissioning(&epcs), MAKER) {
            Ok(meaning) => {
                prop_assert!(expected.is_empty());
                prop_assert_eq!(meaning.changes.len(), kinds.len());
            }
            Err(faults) => {
                let mut found: Vec<String> = faults.into_iter().map(|fault| fault.pointer).collect();
                found.sort();
                expected.sort();
                if expected.len() <= FAULTS_MAX {
                    prop_assert_eq!(found, expected);
                } else {
                    prop_assert_eq!(found.len(), FAULTS_MAX);
                    prop_assert!(found.iter().all(|pointer| expected.contains(pointer)));
                }
            }
        }
    }
}
