//! Commitments to events, and what partners are shown of them.

use capture::disclosed::{Facts, facts, for_party};
use capture::{commitment, interpret};
use epcis::{Event, Extensions, Name, Value};
use ledger::commitment::{Disclosure, Salt};
use ledger::testkit::MAKER;
use proptest::prelude::*;

use crate::samples::{YEAR, case, commissioning, member, network, occasion, pack, pallet};

const SALT: Salt = Salt([5; 32]);

#[test]
fn a_commitment_changes_with_the_salt_and_with_every_field() {
    let event = commissioning(&[pack("A1"), pack("A2")]);
    let committed = commitment(&event, &SALT);
    assert_eq!(committed, commitment(&event.clone(), &SALT));
    assert_ne!(committed, commitment(&event, &Salt([6; 32])));
    let variants: [fn(&mut Event); 5] = [
        |event| event.event_id = None,
        |event| event.biz_step = Some("storing".to_owned()),
        |event| event.read_point = None,
        |event| event.event_time_zone_offset = epcis::Offset::parse("+01:00").unwrap(),
        |event| {
            let mut extensions = Extensions::new();
            extensions.push(Name::new("https://example.org/", "shift"), Value::text("early"));
            event.extensions = extensions;
        },
    ];
    for vary in variants {
        let mut other = event.clone();
        vary(&mut other);
        assert_ne!(committed, commitment(&other, &SALT));
    }
    let swapped = commissioning(&[pack("A2"), pack("A1")]);
    assert_ne!(committed, commitment(&swapped, &SALT), "order is content");
}

#[test]
fn facts_are_those_of_the_event() {
    let packed = Event::packing(occasion(MAKER), pallet(), vec![case("C1"), case("C2")]);
    let shown = for_party(&packed, &SALT, |_| true);
    let expected = Facts {
        event_type: "AggregationEvent".to_owned(),
        event_id: packed.event_id.clone().unwrap(),
        action: Some("ADD".to_owned()),
        biz_step: Some("packing".to_owned()),
        parent: Some(pallet()),
        children: vec![case("C1"), case("C2")],
        epcs: Vec::new(),
    };
    assert_eq!(facts(&shown), expected);
    let nothing = Disclosure { shown: Vec::new(), ..shown };
    assert_eq!(facts(&nothing), Facts::default());
}

proptest! {
    /// A party sees every field but others' packs, can check each against the ledger, and learns no other serial.
    #[test]
    fn a_party_sees_its_own_packs_and_can_check_them(rights in proptest::collection::vec(any::<bool>(), 1..60)) {
        let epcs: Vec<String> = (0..rights.len()).map(|place| pack(&format!("SERIAL{place:03}"))).collect();
        let own: Vec<&String> = epcs.iter().zip(&rights).filter(|(_, right)| **right).map(|(epc, _)| epc).collect();
        let event = commissioning(&epcs);
        let shown = for_party(&event, &SALT, |uri| own.iter().any(|epc| *epc == uri));
        prop_assert_eq!(shown.verify(&commitment(&event, &SALT)), Ok(()));
        let read = facts(&shown);
        prop_assert_eq!(read.epcs.iter().collect::<Vec<_>>(), own);
        prop_assert_eq!(read.biz_step.as_deref(), Some("commissioning"));
        prop_assert_eq!(shown.count as usize, event.fields().len());
        let text = serde_json::to_string(&shown).unwrap();
        for (epc, right) in epcs.iter().zip(&rights) {
            prop_assert_eq!(text.contains(epc.as_str()), *right);
        }
    }

    /// Interpreting never depends on anything but its arguments.
    #[test]
    fn the_same_event_means_the_same(serials in proptest::collection::vec("[A-Z0-9]{1,20}", 0..20)) {
        let network = network();
        let epcs: Vec<String> = serials.iter().map(|serial| pack(serial)).collect();
        let (event, by) = (commissioning(&epcs), member(&network, MAKER));
        let once = interpret(&event, &by, &network.state.directory, YEAR);
        prop_assert_eq!(once, interpret(&event, &by, &network.state.directory, YEAR));
    }
}
