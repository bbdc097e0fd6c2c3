//! The event query: SQL finds what a plain reading of the events finds.

use epcis::query::{EventIndex, EventQuery};
use epcis::{Document, Event, Format, Limits, Namespaces};
use store::event::{self, EventType, NewEvent, Position, Search};
use store::event_epc::{EpcRole, EventEpc};
use store::event_measure::EventMeasure;
use store::event_value::{self, ValueKind};
use store::master_data::{self, MasterData, MasterDataFilter};
use store::testing::TestDatabase;
use store::{PgConnection, tx};
use time::OffsetDateTime;

use crate::support::{at, conn, event as sample};

/// Events in which every queried field occurs, some in different spellings.
const DOCUMENT: &str = r#"{
  "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"example": "https://ns.example.com/epcis/"}],
  "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": "2026-11-15T00:00:00Z",
  "epcisBody": {"eventList": [
    {"type": "ObjectEvent", "eventID": "urn:uuid:1", "eventTime": "2026-11-14T10:00:00+01:00", "eventTimeZoneOffset": "+01:00",
     "action": "ADD", "bizStep": "commissioning", "disposition": "active",
     "epcList": ["urn:epc:id:sgtin:952156825.0120.1", "https://id.gs1.org/01/09521568251204/21/2%25"],
     "readPoint": {"id": "urn:epc:id:sgln:9521141.12345.7"}, "bizLocation": {"id": "https://id.gs1.org/414/9521141123454"},
     "ilmd": {"cbvmda:lotNumber": "L_1", "cbvmda:itemExpirationDate": "2027-06-30", "example:deep": {"example:inner": "x"}},
     "example:number": 5.0, "example:text": "a|b"},
    {"type": "AggregationEvent", "eventID": "urn:uuid:2", "eventTime": "2026-11-14T11:00:00Z", "eventTimeZoneOffset": "+00:00",
     "action": "ADD", "bizStep": "packing", "parentID": "urn:epc:id:sscc:9521141.0123456789",
     "childEPCs": ["https://example.com/01/09521568251204/21/1"],
     "childQuantityList": [{"epcClass": "urn:epc:class:lgtin:952156825.0120.L_1", "quantity": 12.5, "uom": "KGM"}],
     "bizLocation": {"id": "https://id.gs1.org/414/9521141123454", "example:dock": "7"},
     "example:number": "5.0"},
    {"type": "ObjectEvent", "eventID": "urn:uuid:3", "eventTime": "2026-11-14T12:00:00Z", "eventTimeZoneOffset": "+00:00",
     "action": "OBSERVE", "bizStep": "shipping", "disposition": "in_transit", "epcList": ["urn:epc:id:sscc:9521141.0123456789"],
     "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:952156825.0120.*", "quantity": 200}],
     "bizTransactionList": [{"type": "po", "bizTransaction": "urn:epc:id:gdti:9521141.12345.400"}],
     "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:9521141.12345"}],
     "destinationList": [{"type": "owning_party", "destination": "https://id.gs1.org/417/9521321000018"}],
     "persistentDisposition": {"set": ["completeness_verified"], "unset": ["completeness_inferred"]},
     "sensorElementList": [{"sensorMetadata": {"time": "2026-11-14T11:59:00Z", "deviceID": "urn:epc:id:giai:9521141.7", "example:meta": 1},
        "sensorReport": [{"type": "Temperature", "value": 20, "minValue": 18.5, "maxValue": 22, "percRank": 50, "percValue": 19, "uom": "CEL", "example:report": "r"},
                         {"type": "gs1:RelativeHumidity", "stringValue": "dry", "booleanValue": true, "hexBinaryValue": "f0f0", "uriValue": "https://x.example/y"}],
        "example:element": "e"}]},
    {"type": "TransformationEvent", "eventID": "urn:uuid:4", "eventTime": "2026-11-14T13:00:00Z", "eventTimeZoneOffset": "+00:00",
     "inputEPCList": ["urn:epc:id:sgtin:952156825.0120.1"], "outputEPCList": ["urn:epc:id:sgtin:952156825.0121.9"],
     "inputQuantityList": [{"epcClass": "https://id.gs1.org/01/09521568251204/10/L_1", "quantity": 3}],
     "outputQuantityList": [{"epcClass": "urn:epc:class:lgtin:952156825.0121.M", "quantity": 2}],
     "transformationID": "urn:epc:id:gdti:9521141.12345.401", "bizStep": "repackaging"},
    {"type": "ObjectEvent", "eventID": "urn:uuid:1", "eventTime": "2026-11-14T10:00:00+01:00", "eventTimeZoneOffset": "+01:00",
     "action": "ADD", "bizStep": "commissioning", "disposition": "active",
     "epcList": ["urn:epc:id:sgtin:952156825.0120.1"], "readPoint": {"id": "urn:epc:id:sgln:9521321.00001.0"},
     "errorDeclaration": {"declarationTime": "2026-11-14T14:00:00Z", "reason": "incorrect_data", "correctiveEventIDs": ["urn:uuid:9"], "example:why": "typo"}}
  ]}}"#;

/// Parameters of each family, with as many events as they find.
const ASKED: &[(&str, &str, usize)] = &[
    ("eventType", "ObjectEvent", 3),
    ("eventType", "AggregationEvent|TransformationEvent", 2),
    ("EQ_action", "OBSERVE", 1),
    ("EQ_bizStep", "https://ref.gs1.org/cbv/BizStep-packing|shipping", 2),
    ("EQ_disposition", "urn:epcglobal:cbv:disp:in_transit", 1),
    ("EQ_eventID", "urn:uuid:1", 2),
    ("EQ_readPoint", "https://id.gs1.org/414/9521141123454/254/7", 1),
    ("EQ_bizLocation", "urn:epc:id:sgln:9521141.12345.0", 2),
    ("EQ_transformationID", "https://id.gs1.org/253/9521141123454401", 1),
    ("EQ_persistentDisposition_set", "completeness_verified", 1),
    ("EQ_persistentDisposition_unset", "completeness_verified", 0),
    ("EQ_bizTransaction_po", "https://id.gs1.org/253/9521141123454400", 1),
    ("EQ_bizTransaction_inv", "https://id.gs1.org/253/9521141123454400", 0),
    ("EQ_source_owning_party", "https://id.gs1.org/417/9521141123454", 1),
    ("EQ_destination_owning_party", "urn:epc:id:pgln:9521321.00001", 1),
    ("GE_eventTime", "2026-11-14T12:00:00Z", 2),
    ("LT_eventTime", "2026-11-14T12:00:00+01:00", 2),
    ("GE_recordTime", "2026-11-15T00:00:00Z", 5),
    ("LT_recordTime", "2026-11-15T00:00:00Z", 0),
    ("MATCH_epc", "https://id.gs1.org/01/09521568251204/21/1", 3),
    ("MATCH_epc", "urn:epc:idpat:sgtin:952156825.0120.*", 3),
    ("MATCH_epc", "https://id.gs1.org/01/09521568251204/21/2%25", 1),
    ("MATCH_epc", "https://id.gs1.org/01/09521568251204/21/%25", 0),
    ("MATCH_parentID", "https://id.gs1.org/00/095211411234567892", 1),
    ("MATCH_inputEPC", "urn:epc:idpat:sgtin:*.*.*", 1),
    ("MATCH_outputEPC", "urn:epc:id:sgtin:952156825.0121.9", 1),
    ("MATCH_anyEPC", "urn:epc:idpat:sscc:9521141.*", 2),
    ("MATCH_anyEPC", "urn:epc:id:sgtin:952156825.0120.1", 4),
    ("MATCH_epcClass", "urn:epc:idpat:sgtin:952156825.0120.*", 1),
    ("MATCH_inputEPCClass", "urn:epc:class:lgtin:952156825.0120.L_1", 1),
    ("MATCH_outputEPCClass", "https://id.gs1.org/01/09521568251211/10/M", 1),
    ("MATCH_anyEPCClass", "urn:epc:class:lgtin:952156825.0120.L_1", 2),
    ("EQ_quantity", "200.0|3", 2),
    ("GT_quantity", "12.4", 2),
    ("LE_quantity", "12.5", 2),
    ("GE_quantity_GRM", "12500", 1),
    ("LT_quantity_GRM", "12500", 0),
    ("EQ_example:number", "5", 1),
    ("EQ_example:number", "5.0", 2),
    ("GE_example:number", "5", 2),
    ("EQ_ILMD_cbvmda:lotNumber", "L_1", 1),
    ("EQ_ILMD_cbvmda:lotNumber", "L%", 0),
    ("GE_ILMD_cbvmda:itemExpirationDate", "2027-06-30", 1),
    ("LT_ILMD_cbvmda:itemExpirationDate", "2027-06-30T00:00:00Z", 0),
    ("EQ_INNER_ILMD_example:inner", "x", 1),
    ("EQ_ILMD_example:inner", "x", 0),
    ("EXISTS_ILMD_example:deep", "", 1),
    ("EXISTS_example:text", "true", 1),
    ("EQ_bizLocation_example:dock", "7", 1),
    ("EQ_readPoint_example:dock", "7", 0),
    ("EXISTS_errorDeclaration", "", 1),
    ("GE_errorDeclarationTime", "2026-11-14T14:00:00Z", 1),
    ("LT_errorDeclaration_Time", "2026-11-14T14:00:00Z", 0),
    ("EQ_errorReason", "urn:epcglobal:cbv:er:incorrect_data", 1),
    ("EQ_correctiveEventID", "urn:uuid:9", 1),
    ("EQ_ERROR_DECLARATION_example:why", "typo", 1),
    ("EXISTS_sensorElementList", "1", 1),
    ("GE_time", "2026-11-14T11:59:00Z", 1),
    ("EQ_type", "gs1:Temperature", 1),
    ("EQ_type", "https://ref.gs1.org/voc/RelativeHumidity", 1),
    ("EQ_deviceID", "https://id.gs1.org/8004/95211417", 1),
    ("EQ_stringValue", "dry", 1),
    ("EQ_booleanValue", "true", 1),
    ("EQ_hexBinaryValue", "F0F0", 1),
    ("EQ_uriValue", "https://x.example/y", 1),
    ("EQ_value_KEL", "293.15", 1),
    ("GT_value_FAH", "68", 0),
    ("GE_minValue_CEL", "18.5", 1),
    ("LT_maxValue_KEL", "295", 0),
    ("EQ_percRank", "50", 1),
    ("LE_percValue_CEL", "19", 1),
    ("EQ_SENSORMETADATA_example:meta", "1", 1),
    ("EQ_SENSORREPORT_example:report", "r", 1),
    ("EXISTS_SENSORELEMENT_example:element", "", 1),
];

fn events() -> Vec<Event> {
    Document::parse(DOCUMENT.as_bytes(), Format::Json, &Limits::default()).unwrap().events
}

fn namespaces() -> Namespaces {
    let mut namespaces = Namespaces::new();
    namespaces.bind("example", "https://ns.example.com/epcis/");
    namespaces
}

fn query(parameters: &[(&str, &str)]) -> EventQuery {
    let split = |text: &str| text.split('|').map(str::to_owned).collect();
    let parameters: Vec<(String, Vec<String>)> =
        parameters.iter().map(|(name, values)| ((*name).to_owned(), split(values))).collect();
    EventQuery::parse(&parameters, &namespaces()).unwrap()
}

fn key(uri: &str) -> String {
    gs1::EpcKey::parse(uri).map_or_else(|_| uri.to_owned(), |key| key.path())
}

/// Stores an event with all that it is found by.
async fn put(conn: &mut PgConnection, event: &Event) -> u64 {
    let seq = event::next_seqs(conn, 1).await.unwrap()[0];
    let (terms, measures) = EventIndex::of(event).into_texts();
    let id = event.event_id.clone().unwrap();
    let micros = i128::from(event.event_time.unix_micros());
    let row = NewEvent {
        terms: &terms,
        event_time: OffsetDateTime::from_unix_timestamp_nanos(micros * 1_000).unwrap(),
        event_type: EventType::Object,
        ..sample(seq, &id)
    };
    event::insert(conn, &[row]).await.unwrap();
    let instances = event.epcs().map(|(role, uri)| {
        let role = match role {
            epcis::EpcRole::Epc => EpcRole::Epc,
            epcis::EpcRole::Parent => EpcRole::Parent,
            epcis::EpcRole::Child => EpcRole::Child,
            epcis::EpcRole::Input => EpcRole::Input,
            epcis::EpcRole::Output => EpcRole::Output,
        };
        (role, key(uri))
    });
    let classes = event.quantities().map(|(role, quantity)| {
        let role = match role {
            epcis::EpcRole::Child => EpcRole::ChildQuantity,
            epcis::EpcRole::Input => EpcRole::InputQuantity,
            epcis::EpcRole::Output => EpcRole::OutputQuantity,
            epcis::EpcRole::Epc | epcis::EpcRole::Parent => EpcRole::Quantity,
        };
        (role, key(&quantity.epc_class))
    });
    let epcs: Vec<(EpcRole, String)> = instances.chain(classes).collect();
    let rows: Vec<EventEpc<'_>> = epcs
        .iter()
        .map(|(role, epc)| EventEpc { epc, role: *role, event_seq: seq, captured_at: at(0) })
        .collect();
    store::event_epc::insert(conn, &rows).await.unwrap();
    let rows: Vec<EventMeasure<'_>> = measures
        .iter()
        .map(|(name, value)| EventMeasure { name, value, event_seq: seq, captured_at: at(0) })
        .collect();
    store::event_measure::insert(conn, &rows).await.unwrap();
    seq
}

async fn found(database: &TestDatabase, query: &EventQuery, site: Option<&str>) -> Vec<u64> {
    found_after(database, query, site, None, 100).await.into_iter().map(|position| position.seq).collect()
}

async fn found_after(
    database: &TestDatabase,
    query: &EventQuery,
    site: Option<&str>,
    after: Option<Position>,
    limit: u32,
) -> Vec<Position> {
    let (query, site) = (query.clone(), site.map(str::to_owned));
    let found = tx(database.pool(), "search", move |conn| {
        let (query, site, after) = (query.clone(), site.clone(), after.clone());
        Box::pin(async move {
            let through_seq = event::newest(conn).await?;
            let search =
                Search { query: &query, site: site.as_deref(), after: after.as_ref(), through_seq, limit };
            event::search(conn, &search).await
        })
    });
    found.await.unwrap().into_iter().map(|found| found.position).collect()
}

#[tokio::test]
async fn every_family_of_parameters_finds_what_a_plain_reading_finds() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let mut events = events();
    let mut seqs = Vec::new();
    for event in &mut events {
        event.record_time = epcis::Timestamp::from_unix_millis(at(0).unix_timestamp() * 1_000);
        seqs.push(put(&mut conn, event).await);
    }
    for (name, values, count) in ASKED {
        let query = query(&[(name, values)]);
        let read: Vec<u64> =
            events.iter().zip(&seqs).filter(|(event, _)| query.matches(event)).map(|(_, seq)| *seq).collect();
        assert_eq!(read.len(), *count, "{name}={values}");
        assert_eq!(found(&database, &query, None).await, read, "{name}={values}");
        assert_each_way(&mut conn, &query, &read).await;
    }
    for (first, second) in ASKED.iter().zip(ASKED.iter().skip(7)) {
        let query = query(
            &[(first.0, first.1), (second.0, second.1)].as_slice()[..if first.0 == second.0 { 1 } else { 2 }],
        );
        let read: Vec<u64> =
            events.iter().zip(&seqs).filter(|(event, _)| query.matches(event)).map(|(_, seq)| *seq).collect();
        assert_eq!(found(&database, &query, None).await, read, "{first:?} and {second:?}");
        assert_each_way(&mut conn, &query, &read).await;
    }
}

/// That every way to the events finds these.
async fn assert_each_way(conn: &mut PgConnection, query: &EventQuery, expected: &[u64]) {
    let mut tx = sqlx::Connection::begin(conn).await.unwrap();
    let through_seq = event::newest(&mut tx).await.unwrap();
    let search = Search { query, site: None, after: None, through_seq, limit: 100 };
    for (way, found) in event::each_way(&mut tx, &search).await.unwrap() {
        let found: Vec<u64> = found.into_iter().map(|seq| u64::try_from(seq).unwrap()).collect();
        assert_eq!(found, expected, "{way}: {query:?}");
    }
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn two_bounds_of_a_measure_find_a_value_between_them_and_two_values_beyond_them() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let mut seqs = Vec::new();
    // 10; 20; 10 and 20, once more as one value twice; 30.
    for values in [&[10.0][..], &[20.0], &[10.0, 20.0], &[10.0, 10.0], &[30.0]] {
        let mut event = events()[2].clone();
        let report = event.sensor_elements[0].reports[0].clone();
        event.sensor_elements[0].reports = values
            .iter()
            .map(|value| {
                let mut report = report.clone();
                report.value = Some(epcis::Decimal::parse(&value.to_string()).unwrap());
                report
            })
            .collect();
        seqs.push((put(&mut conn, &event).await, event));
    }
    for (lower, upper, count) in
        [("12", "18", 1), ("10", "18", 3), ("12", "25", 2), ("25", "15", 0), ("15", "15", 1)]
    {
        for (above, below) in [("GE_value_CEL", "LE_value_CEL"), ("GT_value_CEL", "LT_value_CEL")] {
            let query = query(&[(above, lower), (below, upper)]);
            let read: Vec<u64> =
                seqs.iter().filter(|(_, event)| query.matches(event)).map(|(seq, _)| *seq).collect();
            if above.starts_with("GE") {
                assert_eq!(read.len(), count, "{lower} to {upper}");
            }
            assert_eq!(found(&database, &query, None).await, read, "{lower} to {upper}");
            assert_each_way(&mut conn, &query, &read).await;
        }
    }
}

#[tokio::test]
async fn a_client_of_one_site_sees_the_events_of_that_site() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let mut seqs = Vec::new();
    for event in &events() {
        seqs.push(put(&mut conn, event).await);
    }
    let everything = EventQuery::default();
    assert_eq!(found(&database, &everything, Some("9521141123454")).await, seqs[..3]);
    assert_eq!(found(&database, &everything, Some("9521321000018")).await, [seqs[2], seqs[4]]);
    assert_eq!(found(&database, &everything, Some("9521321000025")).await, [0_u64; 0]);
}

#[tokio::test]
async fn events_come_in_the_order_asked_for_and_pages_join() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let mut seqs = Vec::new();
    for event in &events() {
        seqs.push(put(&mut conn, event).await);
    }
    let at_place = |places: [usize; 5]| places.map(|place| seqs[place]);
    for (by, direction, expected) in [
        ("eventTime", "ASC", at_place([0, 4, 1, 2, 3])),
        ("eventTime", "DESC", at_place([3, 2, 1, 4, 0])),
        ("recordTime", "ASC", at_place([0, 1, 2, 3, 4])),
        ("example:number", "ASC", at_place([0, 1, 2, 3, 4])),
        ("example:text", "DESC", at_place([0, 4, 3, 2, 1])),
    ] {
        let query = query(&[("orderBy", by), ("orderDirection", direction)]);
        assert_eq!(found(&database, &query, None).await, expected, "{by} {direction}");
        let mut walked: Vec<Position> = Vec::new();
        while walked.len() < 5 {
            let page = found_after(&database, &query, None, walked.last().cloned(), 2).await;
            assert!(!page.is_empty(), "{by} {direction} after {walked:?}");
            walked.extend(page);
        }
        assert_eq!(walked.iter().map(|one| one.seq).collect::<Vec<_>>(), expected, "{by} {direction}");
    }
}

#[tokio::test]
async fn the_horizon_stays_below_captures_under_way() {
    let database = TestDatabase::new().await;
    let horizon = || async { event::horizon(&mut *conn(database.pool()).await).await.unwrap() };
    assert_eq!(horizon().await, 0);
    let first = put(&mut *conn(database.pool()).await, &events()[0]).await;
    assert_eq!(horizon().await, first);
    let mut slow = database.pool().begin().await.unwrap();
    let held = event::next_seqs(&mut slow, 3).await.unwrap();
    let later = put(&mut *conn(database.pool()).await, &events()[1]).await;
    assert!(later > held[2]);
    assert_eq!(horizon().await, first, "three numbers below the latest may still be stored");
    slow.rollback().await.unwrap();
    assert_eq!(horizon().await, later);
}

#[tokio::test]
async fn values_that_occur_are_listed_for_the_organisation_and_for_each_site() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    for event in &events() {
        put(&mut conn, event).await;
    }
    assert!(event_value::catch_up(&mut conn).await.unwrap());
    let steps = event_value::list(&mut conn, ValueKind::BizStep, None, "", 10).await.unwrap();
    assert_eq!(steps, ["commissioning", "packing", "repackaging", "shipping"]);
    let steps =
        event_value::list(&mut conn, ValueKind::BizStep, Some("9521321000018"), "", 10).await.unwrap();
    assert_eq!(steps, ["commissioning", "shipping"]);
    let after = event_value::list(&mut conn, ValueKind::BizStep, None, "packing", 1).await.unwrap();
    assert_eq!(after, ["repackaging"]);
    let epcs = event_value::epcs(&mut conn, None, "", 10).await.unwrap();
    assert_eq!(epcs.len(), 4);
    assert!(epcs.is_sorted());
    assert_eq!(event_value::epcs(&mut conn, Some("9521321000018"), "", 1).await.unwrap(), epcs[..1]);
    assert_eq!(
        event_value::namespace(&mut conn, "example").await.unwrap().as_deref(),
        Some("https://ns.example.com/epcis/")
    );
    assert_eq!(event_value::namespace(&mut conn, "other").await.unwrap(), None);
}

#[tokio::test]
async fn master_data_lead_to_events_and_are_asked_for_themselves() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let mut seqs = Vec::new();
    for event in &events() {
        seqs.push(put(&mut conn, event).await);
    }
    let element = |id: &str, country: &str, children: &[&str]| MasterData {
        vocabulary_type: "urn:epcglobal:epcis:vtype:BusinessLocation".to_owned(),
        id: id.to_owned(),
        body: format!("{{\"{id}\": \"{country}\"}}"),
        attributes: vec![("urn:epcglobal:cbv:mda|countryCode".to_owned(), country.to_owned())],
        children: children.iter().map(|child| (*child).to_owned()).collect(),
    };
    let country = "EQATTR_bizLocation_urn:epcglobal:cbv:mda#countryCode";
    let parent = element("414/9521321000094", "SE", &["414/9521141123454"]);
    master_data::put(&mut conn, &[parent, element("414/9521141123454", "NO", &[])], at(0)).await.unwrap();
    let asked = |parameters: &[(&str, &str)]| query(parameters);
    assert_eq!(found(&database, &asked(&[(country, "NO")]), None).await, seqs[..2]);
    assert_eq!(found(&database, &asked(&[(country, "SE")]), None).await, [0_u64; 0]);
    assert_eq!(
        found(&database, &asked(&[("HASATTR_bizLocation", "cbvmda:countryCode")]), None).await,
        seqs[..2]
    );
    let inside = ("WD_bizLocation", "urn:epc:id:sgln:9521321.00009.0");
    assert_eq!(found(&database, &asked(&[inside]), None).await, seqs[..2]);
    master_data::put(&mut conn, &[element("414/9521141123454", "DK", &[])], at(1)).await.unwrap();
    assert_eq!(found(&database, &asked(&[(country, "NO")]), None).await, [0_u64; 0], "the newer replaces");

    let everything = MasterDataFilter { limit: 10, ..MasterDataFilter::default() };
    let ids = |filter: MasterDataFilter| {
        let pool = database.pool();
        async move {
            let mut conn = pool.acquire().await.unwrap();
            let found = master_data::search(&mut conn, &filter).await.unwrap();
            found.into_iter().map(|(_, id, _)| id).collect::<Vec<_>>()
        }
    };
    let words = |word: &str| vec![word.to_owned()];
    assert_eq!(ids(everything.clone()).await, ["414/9521141123454", "414/9521321000094"]);
    let of_country = |country| vec![("urn:epcglobal:cbv:mda|countryCode".to_owned(), words(country))];
    let denmark = MasterDataFilter { attributes: of_country("DK"), ..everything.clone() };
    assert_eq!(ids(denmark).await, ["414/9521141123454"]);
    let below = MasterDataFilter { within: words("414/9521321000094"), limit: 1, ..everything.clone() };
    assert_eq!(ids(below).await, ["414/9521141123454"]);
    let named = MasterDataFilter { ids: words("414/9521321000094"), ..everything.clone() };
    assert_eq!(ids(named).await, ["414/9521321000094"]);
    let other = MasterDataFilter { vocabulary_types: words("urn:other"), ..everything };
    assert_eq!(ids(other).await, [""; 0]);
}
