use super::*;
use crate::Message;

fn event(name: &str, disclosure_bytes: usize) -> DisclosedEvent {
    let disclosure: Vec<u8> = (0..disclosure_bytes).map(|i| (i % 251) as u8).collect();
    DisclosedEvent {
        author: OrganisationId(1),
        event_id: name.to_owned(),
        disclosure: disclosure.into(),
        receipt: vec![2; 900].into(),
    }
}

fn shipment(events: Vec<DisclosedEvent>) -> Shipment {
    let consignee_gln = Gln::new("9521321000018").unwrap();
    Shipment { id: [3; 16], consignor: OrganisationId(1), consignee_gln, events }
}

#[test]
fn a_small_notice_is_one_page() {
    for events in [vec![], vec![event("urn:uuid:a", 400)]] {
        let whole = shipment(events);
        let pages = whole.clone().into_pages().unwrap();
        assert_eq!(pages.len(), 1);
        assert_eq!((pages[0].page, pages[0].pages), (1, 1));
        assert_eq!(Shipment::from_pages(&pages).unwrap(), whole);
    }
}

#[test]
fn pages_keep_the_order_and_cut_only_what_is_too_large() {
    let sizes = [900_000, 90_000, 200_000, 12_000_000, 10, 1 << 20, (1 << 20) + 1];
    let events = sizes.iter().enumerate().map(|(i, size)| event(&format!("e{i}"), *size)).collect();
    let whole = shipment(events);
    let pages = whole.clone().into_pages().unwrap();
    let received: Vec<ShipmentNotice> = pages
        .into_iter()
        .map(|page| {
            let (expected, message) = (page.encoded_bytes(), Message::ShipmentNotice(page));
            let encoded = message.encode().unwrap();
            assert_eq!(encoded.len(), expected, "the estimate is exact");
            assert_eq!(Message::decode(&encoded).unwrap(), message);
            let Message::ShipmentNotice(page) = message else { unreachable!("decoded above") };
            page
        })
        .collect();
    assert_eq!(Shipment::from_pages(&received).unwrap(), whole);
    let parts: Vec<usize> = received.iter().map(|page| page.parts.len()).collect();
    assert!(parts.iter().all(|parts| *parts > 0) && parts.iter().sum::<usize>() == 6 + 12 + 1);
}

#[test]
fn many_small_events_fill_pages_by_number() {
    let tiny = DisclosedEvent { disclosure: Bytes::new(), receipt: Bytes::new(), ..event("e", 0) };
    let whole = shipment(vec![tiny; PARTS_PER_PAGE_MAX as usize + 1]);
    let pages = whole.clone().into_pages().unwrap();
    assert_eq!(pages.len(), 2);
    assert_eq!(Shipment::from_pages(&pages).unwrap(), whole);
}

#[test]
fn too_much_is_said_before_anything_is_sent() {
    let too_large = shipment(vec![event("e", DISCLOSURE_BYTES_MAX + 1)]);
    assert!(matches!(too_large.into_pages(), Err(MessageError::TooLarge { what: "disclosure", .. })));
    let full = event("e", PART_BYTES_MAX as usize);
    let too_many = shipment(vec![full; usize::from(PAGES_MAX) + 1]);
    assert!(matches!(too_many.into_pages(), Err(MessageError::TooLarge { what: "pages", .. })));
}

#[test]
fn pages_that_do_not_belong_together_are_refused() {
    let large = event("large", 3 << 20);
    let pages = shipment(vec![event("first", 5), large]).into_pages().unwrap();
    let refused = |pages: &[ShipmentNotice]| {
        assert!(matches!(Shipment::from_pages(pages), Err(MessageError::Pages { .. })));
    };
    refused(&[]);
    refused(&pages[1..]);
    refused(&[pages[0].clone(), pages[0].clone(), pages[2].clone(), pages[3].clone()]);
    let mut swapped = pages.clone();
    swapped.swap(1, 2);
    refused(&swapped);
    let mut of_another = pages.clone();
    of_another[2].id = [4; 16];
    refused(&of_another);
    let mut headless = pages.clone();
    headless[1].parts.remove(0);
    refused(&headless);
}

#[test]
fn a_page_outside_its_notice_is_refused_both_ways() {
    for (page, pages) in [(0_u16, 1_u16), (2, 1), (0, 0), (1, PAGES_MAX + 1)] {
        let mut wrong = shipment(vec![]).into_pages().unwrap().remove(0);
        let mut bytes = Message::ShipmentNotice(wrong.clone()).encode().unwrap().to_vec();
        (wrong.page, wrong.pages) = (page, pages);
        assert!(Message::ShipmentNotice(wrong).encode().is_err());
        bytes[18..20].copy_from_slice(&page.to_be_bytes());
        bytes[20..22].copy_from_slice(&pages.to_be_bytes());
        assert!(matches!(Message::decode(&bytes.into()), Err(MessageError::Pages { .. })));
    }
}
