//! The encoding: golden bytes, and properties over any message and any bytes.

use std::path::Path;

use bytes::Bytes;
use exchange::limits::{MESSAGE_BYTES_MAX, REPLY_BYTES_MAX};
use exchange::{Alert, DisclosedEvent, Message, MessageError, Reply, Shipment};
use gs1::{Gln, Gtin, Lot, SerialNumber};
use ledger::{Hash, Height, OrganisationId};
use lifecycle::AlertLevel;
use proptest::prelude::*;

fn gln() -> Gln {
    Gln::new("9521321000018").unwrap()
}

fn alert() -> Alert {
    Alert {
        id: [7; 16],
        code: "A7".to_owned(),
        level: AlertLevel::PotentialFalsification,
        raised_at: 1_700_000_000_000,
        record_key: Hash([9; 32]),
        gtin: Gtin::new("09521568251204").unwrap(),
        serial: SerialNumber::new("5Kx9").unwrap(),
        lot: Some(Lot::new("L1").unwrap()),
        site_gln: gln(),
        detail: "second dispense".to_owned(),
    }
}

/// What the fuzz target `exchange` starts from: one of each, behind the byte that chooses the decoder.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let event = |name: &str, bytes: usize| DisclosedEvent {
        author: OrganisationId(2),
        event_id: name.to_owned(),
        disclosure: vec![0xd0; bytes].into(),
        receipt: Bytes::from_static(b"R"),
    };
    let notice =
        |events| Shipment { id: [1; 16], consignor: OrganisationId(3), consignee_gln: gln(), events };
    let message = |message: Message| [&[0], message.encode().unwrap().as_ref()].concat();
    let reply = |reply: Reply| [&[1], reply.encode().as_ref()].concat();
    let one = notice(vec![event("urn:uuid:a", 9), event("urn:uuid:b", 0)]).into_pages().unwrap().remove(0);
    let mut pages = vec![2];
    for page in two_pages() {
        pages.extend((page.len() as u16).to_be_bytes());
        pages.extend(page);
    }
    vec![
        ("alert", message(Message::Alert(alert()))),
        ("batch", message(Message::Batch(Bytes::from_static(b"ab")))),
        ("notice", message(Message::ShipmentNotice(one))),
        ("wake", message(Message::Wake { height: Height(258) })),
        ("accepted", reply(Reply::Accepted)),
        ("busy", reply(Reply::Busy { retry_after_ms: 1 })),
        ("duplicate", reply(Reply::Duplicate)),
        ("refused", reply(Reply::refused("no", "why"))),
        ("pages", pages),
    ]
}

/// A notice over two pages, the second going on with the event of the first. Real pages are large; these are written by
/// hand.
fn two_pages() -> [Vec<u8>; 2] {
    let page = |number: u8, continues: u8, receipt: &[u8]| {
        let head: &[&[u8]] = &[&[1, 3], &[1; 16], &[0, number, 0, 2], &[0, 0, 0, 3], &[0, 0, 0, 13]];
        let part: &[&[u8]] = &[&[0, 0, 0, 1], &[0, 0, 0, 2], &[0, 0, 0, 1], b"e", &[continues]];
        let rest: &[&[u8]] = &[&[0, 0, 0, 1], b"D", &[0, 0, 0, receipt.len() as u8], receipt];
        [head.concat(), gln().as_str().as_bytes().to_vec(), part.concat(), rest.concat()].concat()
    };
    [page(1, 0, b"R"), page(2, 1, b"")]
}

#[test]
fn the_seeds_of_the_fuzz_target_are_these() {
    let pages = two_pages().map(|page| match Message::decode(&page.into()).unwrap() {
        Message::ShipmentNotice(notice) => notice,
        other => panic!("{other:?}"),
    });
    assert_eq!(Shipment::from_pages(&pages).unwrap().events[0].disclosure, Bytes::from_static(b"DD"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/exchange");
    let bless = std::env::var("THERIAC_BLESS").is_ok_and(|value| value == "1");
    for (name, bytes) in seeds() {
        let path = folder.join(name);
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_bytes_are_these() {
    assert_eq!(hex(&Message::Wake { height: Height(258) }.encode().unwrap()), "01020000000000000102");
    assert_eq!(hex(&Message::Batch(Bytes::from_static(b"ab")).encode().unwrap()), "0101000000026162");
    let expected = [
        "0104",
        &"07".repeat(16),
        "000000024137",
        "05",
        "0000018bcfe56800",
        &"09".repeat(32),
        "0000000e3039353231353638323531323034",
        "00000004354b7839",
        "01000000024c31",
        "0000000d39353231333231303030303138",
        "0000000f7365636f6e642064697370656e7365",
    ];
    assert_eq!(hex(&Message::Alert(alert()).encode().unwrap()), expected.concat());
    let event = DisclosedEvent {
        author: OrganisationId(2),
        event_id: "e".to_owned(),
        disclosure: Bytes::from_static(b"D"),
        receipt: Bytes::from_static(b"R"),
    };
    let shipment =
        Shipment { id: [1; 16], consignor: OrganisationId(3), consignee_gln: gln(), events: vec![event] };
    let page = shipment.into_pages().unwrap().remove(0);
    let expected = [
        "0103",
        &"01".repeat(16),
        "00010001",
        "00000003",
        "0000000d39353231333231303030303138",
        "00000001",
        "00000002",
        "0000000165",
        "00",
        "0000000144",
        "0000000152",
    ];
    assert_eq!(hex(&Message::ShipmentNotice(page).encode().unwrap()), expected.concat());
    assert_eq!(hex(&Reply::Accepted.encode()), "0101");
    assert_eq!(hex(&Reply::Duplicate.encode()), "0102");
    assert_eq!(hex(&Reply::refused("no", "why").encode()), "0103000000026e6f00000003776879");
    assert_eq!(hex(&Reply::Busy { retry_after_ms: 1 }.encode()), "010400000001");
}

#[test]
fn a_long_detail_is_cut_at_a_character() {
    let reply = Reply::refused(&"c".repeat(100), "é".repeat(2_000));
    let Reply::Refused { code, detail } = Reply::decode(&reply.encode()).unwrap() else {
        panic!("a refusal");
    };
    assert_eq!((code.len(), detail.len()), (64, 1024));
    let longest = Reply::refused(&"c".repeat(64), "d".repeat(1024)).encode();
    assert_eq!(longest.len(), REPLY_BYTES_MAX as usize);
}

#[test]
fn identifiers_are_checked_where_they_are_read() {
    let good = Message::Alert(alert()).encode().unwrap();
    let at = |text: &str| good.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    for (position, byte) in [
        (at("09521568251204") + 13, b'5'), // check digit
        (at("9521321000018") + 12, b'1'),  // check digit
        (at("5Kx9"), b' '),                // not of set 82
        (at("L1"), 0),                     // not of set 82
        (24, 9),                           // no such level
        (at("second"), 0xff),              // not UTF-8
    ] {
        let mut bad = good.to_vec();
        assert_ne!(bad[position], byte);
        bad[position] = byte;
        assert!(matches!(Message::decode(&bad.into()), Err(MessageError::Malformed(_))), "{position}");
    }
    let too_long = Alert { code: "A".repeat(65), ..alert() };
    assert!(matches!(
        Message::Alert(too_long).encode(),
        Err(MessageError::TooLarge { what: "code", given: 65, max: 64 })
    ));
}

fn any_bytes(max: usize) -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..max).prop_map(Bytes::from)
}

fn any_alert() -> impl Strategy<Value = Message> {
    let label = ("[0-9A-Za-z]{1,20}", proptest::option::of("[0-9A-Za-z]{1,20}"));
    (any::<[u8; 16]>(), "\\PC{0,20}", any::<bool>(), any::<u64>(), any::<[u8; 32]>(), label, "\\PC{0,200}")
        .prop_map(|(id, code, grave, raised_at, key, (serial, lot), detail)| {
            let level = if grave { AlertLevel::PotentialFalsification } else { AlertLevel::Exception };
            Message::Alert(Alert {
                id,
                code: code.chars().take(16).collect(),
                level,
                raised_at,
                record_key: Hash(key),
                serial: SerialNumber::new(&serial).unwrap(),
                lot: lot.map(|lot| Lot::new(&lot).unwrap()),
                detail,
                ..alert()
            })
        })
}

fn any_shipment() -> impl Strategy<Value = Shipment> {
    let event = (any::<u32>(), "[!-~]{1,60}", any_bytes(300), any_bytes(300)).prop_map(
        |(author, event_id, disclosure, receipt)| DisclosedEvent {
            author: OrganisationId(author),
            event_id,
            disclosure,
            receipt,
        },
    );
    (any::<[u8; 16]>(), any::<u32>(), proptest::collection::vec(event, 0..20)).prop_map(
        |(id, consignor, events)| Shipment {
            id,
            consignor: OrganisationId(consignor),
            consignee_gln: gln(),
            events,
        },
    )
}

fn any_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        any_bytes(2_000).prop_map(Message::Batch),
        any::<u64>().prop_map(|height| Message::Wake { height: Height(height) }),
        any_alert(),
        any_shipment().prop_map(|shipment| Message::ShipmentNotice(shipment.into_pages().unwrap().remove(0))),
    ]
}

fn any_reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        Just(Reply::Accepted),
        Just(Reply::Duplicate),
        ("[a-z_]{0,64}", "\\PC{0,200}").prop_map(|(code, detail)| Reply::refused(&code, detail)),
        any::<u32>().prop_map(|retry_after_ms| Reply::Busy { retry_after_ms }),
    ]
}

proptest! {
    #[test]
    fn a_message_is_read_back_and_has_one_spelling(message in any_message()) {
        let bytes = message.encode().unwrap();
        let read = Message::decode(&bytes).unwrap();
        prop_assert_eq!(read.encode().unwrap(), bytes);
        prop_assert_eq!(read, message);
    }

    #[test]
    fn a_reply_is_read_back(reply in any_reply()) {
        prop_assert_eq!(Reply::decode(&reply.encode()).unwrap(), reply);
    }

    #[test]
    fn a_message_cut_short_or_grown_is_refused(message in any_message(), cut: prop::sample::Index) {
        let bytes = message.encode().unwrap();
        let short = bytes.slice(..cut.index(bytes.len()));
        prop_assert!(Message::decode(&short).is_err());
        let long = [bytes.as_ref(), &[0]].concat();
        prop_assert!(Message::decode(&long.into()).is_err());
    }

    #[test]
    fn a_message_with_one_byte_changed_is_refused_or_another_message(
        message in any_message(), at: prop::sample::Index, by in 1_u8..
    ) {
        let mut bytes = message.encode().unwrap().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = bytes[at].wrapping_add(by);
        let bytes = Bytes::from(bytes);
        if let Ok(other) = Message::decode(&bytes) {
            prop_assert_ne!(&other, &message);
            prop_assert_eq!(other.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(kind in 0_u8..8, rest in any_bytes(400)) {
        let bytes = Bytes::from([&[1, kind], rest.as_ref()].concat());
        let _ = Message::decode(&bytes);
        let _ = Message::decode(&rest);
        let _ = Reply::decode(&bytes);
        let _ = Reply::decode(&rest);
    }
}

#[test]
fn more_than_a_message_may_have_is_refused_unread() {
    let bytes = Bytes::from(vec![1; MESSAGE_BYTES_MAX as usize + 1]);
    assert!(matches!(Message::decode(&bytes), Err(MessageError::TooLarge { what: "message", .. })));
}
