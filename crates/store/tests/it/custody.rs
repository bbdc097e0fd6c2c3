//! Custody: sets, trees, refusals.

use store::custody::{self, Custody, CustodyState, Move};
use store::testing::TestDatabase;
use store::{Error, lot};

use crate::support::{at, conn, pack};

const SITE: &str = "9521321000010";

fn object(epc: &str, parent: Option<&str>) -> Custody {
    Custody {
        epc: epc.to_owned(),
        parent: parent.map(str::to_owned),
        site_gln: SITE.to_owned(),
        state: CustodyState::InStock,
        event_seq: 1,
        updated_at: at(0),
    }
}

/// A pallet of 3 cases of 4 packs.
fn pallet() -> Vec<Custody> {
    let mut objects = vec![object("00/pallet", None)];
    for case in 0..3_u32 {
        let name = format!("00/case{case}");
        objects.push(object(&name, Some("00/pallet")));
        objects.extend((0..4).map(|number| object(&pack(case * 4 + number), Some(&name))));
    }
    objects
}

#[tokio::test]
async fn a_pallet_is_walked_moved_and_broken_by_a_statement_each() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    assert!(custody::insert_new(&mut conn, &pallet()).await.unwrap().is_empty());
    let known =
        custody::insert_new(&mut conn, &[object(&pack(3), None), object(&pack(99), None)]).await.unwrap();
    assert_eq!(known, [pack(3)], "what is there stays, and is named");

    let tree = custody::tree(&mut conn, &["00/pallet"], 100).await.unwrap();
    let depths: Vec<u32> = tree.iter().map(|node| node.depth).collect();
    assert_eq!(depths, [vec![0], vec![1; 3], vec![2; 12]].concat());
    assert_eq!(custody::ancestors(&mut conn, &pack(5)).await.unwrap(), ["00/case1", "00/pallet"]);
    let over = custody::tree(&mut conn, &["00/pallet"], 15).await;
    assert!(matches!(over, Err(Error::OverLimit { bound: 15, .. })), "{over:?}");

    let epcs: Vec<&str> = tree.iter().map(|node| node.custody.epc.as_str()).collect();
    let shipped = Move { state: CustodyState::Shipped, site_gln: None, event_seq: 2, at: at(9) };
    assert_eq!(custody::set_state(&mut conn, &epcs, shipped).await.unwrap(), 16);
    let after = custody::find(&mut conn, &[&pack(0), &pack(99)]).await.unwrap();
    let state = |epc: &str| after.iter().find(|object| object.epc == epc).unwrap().state;
    assert_eq!((state(&pack(0)), state(&pack(99))), (CustodyState::Shipped, CustodyState::InStock));

    assert_eq!(custody::empty(&mut conn, "00/pallet", 3, at(10)).await.unwrap(), 3);
    assert_eq!(custody::tree(&mut conn, &["00/pallet"], 100).await.unwrap().len(), 1);
    assert_eq!(custody::set_parent(&mut conn, &[&pack(99)], Some("00/case0"), 4, at(11)).await.unwrap(), 1);
    assert_eq!(custody::tree(&mut conn, &["00/case0"], 100).await.unwrap().len(), 6);
    let itself =
        custody::set_parent(&mut conn, &["00/case0"], Some("00/case0"), 5, at(12)).await.unwrap_err();
    assert_eq!(itself.constraint(), Some("custody_not_in_itself"));
}

#[tokio::test]
async fn a_circle_in_damaged_data_ends() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    custody::upsert(&mut conn, &[object("00/a", Some("00/b")), object("00/b", Some("00/a"))]).await.unwrap();
    assert_eq!(custody::ancestors(&mut conn, "00/a").await.unwrap().len(), 17);
    assert_eq!(custody::tree(&mut conn, &["00/a"], 100).await.unwrap().len(), 17);
    assert!(custody::tree(&mut conn, &["00/a"], 10).await.is_err());
}

#[tokio::test]
async fn ten_thousand_objects_are_no_special_case() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let objects: Vec<Custody> = (0..10_000).map(|number| object(&pack(number), Some("00/big"))).collect();
    assert!(custody::insert_new(&mut conn, &objects).await.unwrap().is_empty());
    let epcs: Vec<&str> = objects.iter().map(|object| object.epc.as_str()).collect();
    assert_eq!(custody::lock(&mut conn, &epcs).await.unwrap().len(), 10_000);
    assert!(custody::tree(&mut conn, &["00/big"], 9_999).await.is_err());
    assert_eq!(
        custody::tree(&mut conn, &["00/big"], 10_000).await.unwrap().len(),
        10_000,
        "the pallet itself is unknown here"
    );
}

#[tokio::test]
async fn a_lot_is_known_once() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let first = lot::Lot {
        gtin: "09521568251204".to_owned(),
        lot: "LOT-1".to_owned(),
        expiry: time::Date::from_calendar_date(2027, time::Month::June, 30).unwrap(),
        created_at: at(0),
    };
    lot::insert(&mut conn, &first).await.unwrap();
    assert_eq!(lot::insert(&mut conn, &first).await.unwrap_err().constraint(), Some("lot_pkey"));
    assert_eq!(lot::find(&mut conn, &first.gtin, "LOT-1").await.unwrap().as_ref(), Some(&first));
    assert_eq!(lot::list(&mut conn, &first.gtin, "", 10).await.unwrap(), std::slice::from_ref(&first));
    assert!(lot::list(&mut conn, &first.gtin, "LOT-1", 10).await.unwrap().is_empty());
}
