//! The published DSCSA shipment, read for what our services need from it.

use epcis::{CbvVersion, EpcRole, EventType};

use crate::{parse_file, testdata};

#[test]
fn the_dscsa_shipment_is_understood() {
    let Some(folder) = testdata("the_dscsa_shipment_is_understood") else {
        return;
    };
    let path = folder.join("epcis/1.2/EPCIS/XML/Capture/Documents/GS1_US_Pharma_Example_2_2_1_1.xml");
    let document = parse_file(&path).unwrap();
    let header = &document.head.header;
    assert_eq!(document.head.schema_version, "1.2");
    assert_eq!(header.sender.as_deref(), Some("urn:epc:id:sgln:030001.111111.0"));
    assert_eq!(header.receiver.as_deref(), Some("urn:epc:id:sgln:039999.999999.0"));
    assert_eq!(header.instance_identifier.as_deref(), Some("1100220001"));
    assert_eq!(
        header.vocabularies.iter().map(|vocabulary| vocabulary.elements.len()).collect::<Vec<_>>(),
        [2, 4]
    );
    assert_eq!(header.vocabularies[0].elements[0].attributes[0].value.as_text(), Some("0001-0123-45"));
    assert_eq!(
        header.extensions.text("http://epcis.gs1us.org/hc/ns", "guidelineVersion"),
        Some("GS1 US DSCSA R1.3")
    );

    let steps: Vec<_> =
        document.events.iter().map(|event| (event.event_type(), event.biz_step().unwrap())).collect();
    use EventType::{Aggregation, Object};
    let expected = [
        (Object, "commissioning"),
        (Object, "commissioning"),
        (Aggregation, "packing"),
        (Aggregation, "packing"),
        (Aggregation, "packing"),
        (Object, "commissioning"),
        (Aggregation, "packing"),
        (Object, "shipping"),
    ];
    assert_eq!(steps, expected);
    let packs = &document.events[0];
    assert_eq!(
        (packs.ilmd_text("lotNumber"), packs.ilmd_text("itemExpirationDate")),
        (Some("A123"), Some("2025-03-27"))
    );
    assert_eq!(packs.epcs().count(), 12);
    let pallet = &document.events[6];
    assert_eq!(pallet.epcs().next(), Some((EpcRole::Parent, "urn:epc:id:sscc:030001.41234567890")));
    assert_eq!(pallet.epcs().filter(|(role, _)| *role == EpcRole::Child).count(), 3);
    let shipping = &document.events[7];
    assert_eq!(shipping.destination("owning_party"), Some("urn:epc:id:sgln:039999.999999.0"));
    assert_eq!(shipping.destination("location"), Some("urn:epc:id:sgln:039999.345678.0"));
    assert_eq!(shipping.source("owning_party"), Some("urn:epc:id:sgln:030001.111111.0"));
    assert_eq!(shipping.biz_transaction("po"), Some("urn:epcglobal:cbv:bt:0399999999991:XYZPO189"));
    assert_eq!(shipping.extensions.text("http://epcis.gs1us.org/hc/ns", "dropShipment"), Some("false"));
    assert!(document.events.iter().all(|event| event.validate().is_empty()));

    let ids: std::collections::BTreeSet<_> =
        document.events.iter().map(|event| event.hash_id(CbvVersion::V2_0)).collect();
    assert_eq!(ids.len(), 8, "every event has a hash of its own");
    println!("DSCSA shipment: {} events given, {} right", document.events.len(), ids.len());
}
