//! Messages between organisations: kept until stored on the other side, taken once, worked on once.

use store::alert::{self, Alert, AlertState};
use store::alert_action::{self, CloseReason, NewAction};
use store::api_client::{self, ApiClient};
use store::directory_request::{self, Decided, DirectoryRequest, RequestKind, RequestState};
use store::event_epc::EpcRole;
use store::expected_receipt::{self, ExpectedReceipt, ReceiptState};
use store::known_event::{self, KnownEvent};
use store::lookup_log::{self, Lookup};
use store::message_in::{self, InMessage};
use store::message_out::{self, NewMessage};
use store::testing::TestDatabase;
use uuid::Uuid;

use crate::support::{at, conn, key, pack};

#[tokio::test]
async fn a_message_is_due_until_it_is_acknowledged() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let message = |number: u128, recipient| NewMessage {
        id: Uuid::from_u128(number),
        kind: 1,
        recipient,
        payload: vec![1, 2, 3],
        created_at: at(i64::try_from(number).unwrap()),
    };
    message_out::insert(&mut conn, &[message(1, 10), message(2, 20)]).await.unwrap();
    assert!(message_out::take_due(&mut conn, at(0), at(60), 10).await.unwrap().is_empty());
    let due = message_out::take_due(&mut conn, at(5), at(60), 10).await.unwrap();
    assert_eq!((due.len(), due[0].attempts, due[0].payload.as_slice()), (2, 1, [1, 2, 3].as_slice()));
    assert!(message_out::take_due(&mut conn, at(5), at(60), 10).await.unwrap().is_empty(), "taken is taken");
    assert_eq!(message_out::work(&mut conn).await.unwrap().next_due, Some(at(60)));

    assert_eq!(message_out::acknowledge(&mut conn, &[Uuid::from_u128(1)], at(6)).await.unwrap(), 1);
    assert_eq!(message_out::acknowledge(&mut conn, &[Uuid::from_u128(1)], at(7)).await.unwrap(), 0);
    assert_eq!(message_out::retry_recipient(&mut conn, 20, at(8)).await.unwrap(), 1);
    let due = message_out::take_due(&mut conn, at(8), at(60), 10).await.unwrap();
    assert_eq!((due.len(), due[0].recipient, due[0].attempts), (1, 20, 2));
    assert_eq!(message_out::retry_at(&mut conn, &[due[0].id], at(9)).await.unwrap(), 1);
    message_out::acknowledge(&mut conn, &[due[0].id], at(10)).await.unwrap();
    assert_eq!(message_out::work(&mut conn).await.unwrap().next_due, None);
}

#[tokio::test]
async fn a_message_that_comes_twice_is_worked_on_once() {
    let database = TestDatabase::new().await;
    let message =
        InMessage { id: Uuid::from_u128(1), kind: 2, sender: 7, payload: vec![9], received_at: at(0) };
    let mut one = conn(database.pool()).await;
    assert!(message_in::insert(&mut one, &message).await.unwrap());
    assert!(!message_in::insert(&mut one, &message).await.unwrap());
    let forged = InMessage { sender: 8, ..message.clone() };
    assert!(message_in::insert(&mut one, &forged).await.unwrap(), "another sender cannot use up the id");

    let mut worker = database.pool().begin().await.unwrap();
    let claimed = message_in::claim(&mut worker).await.unwrap().unwrap();
    let mut other = database.pool().begin().await.unwrap();
    let second = message_in::claim(&mut other).await.unwrap().unwrap();
    assert_ne!(claimed.sender, second.sender, "two workers never hold the same");
    assert!(message_in::claim(&mut one).await.unwrap().is_none());
    message_in::finish(&mut worker, claimed.sender, claimed.id, at(1), None).await.unwrap();
    worker.commit().await.unwrap();
    other.rollback().await.unwrap();
    assert_eq!(message_in::claim(&mut one).await.unwrap(), Some(second), "a worker that fails leaves it");
}

#[tokio::test]
async fn events_of_others_are_kept_once_and_found_by_what_occurs_in_them() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let event = |id: &str| KnownEvent {
        author: 3,
        event_id: id.to_owned(),
        commitment: key(1),
        disclosure: vec![1],
        receipt: vec![2],
        body: "{}".to_owned(),
        received_at: at(0),
    };
    let epcs =
        |numbers: &[u32]| numbers.iter().map(|number| (pack(*number), EpcRole::Child)).collect::<Vec<_>>();
    let first = [(event("a"), epcs(&[1, 2])), (event("b"), epcs(&[2]))];
    assert_eq!(known_event::insert(&mut conn, &first).await.unwrap(), [true, true]);
    let second = [(event("c"), epcs(&[3])), (event("a"), epcs(&[1, 2]))];
    assert_eq!(known_event::insert(&mut conn, &second).await.unwrap(), [true, false]);
    assert_eq!(known_event::find(&mut conn, 3, "b").await.unwrap(), Some(event("b")));
    assert_eq!(known_event::find(&mut conn, 4, "b").await.unwrap(), None);
    let found = known_event::of_epcs(&mut conn, &[&pack(1), &pack(2)], 10).await.unwrap();
    assert_eq!(found, [event("a"), event("b")]);
}

#[tokio::test]
async fn goods_before_their_notice_await_their_data() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let waiting = ExpectedReceipt {
        epc: "00/095212345678901235".to_owned(),
        notice_id: None,
        consignor: None,
        site_gln: "9521321000010".to_owned(),
        state: ReceiptState::AwaitingData,
        updated_at: at(0),
    };
    expected_receipt::upsert(&mut conn, std::slice::from_ref(&waiting)).await.unwrap();
    assert_eq!(
        expected_receipt::lock(&mut conn, &[&waiting.epc]).await.unwrap(),
        std::slice::from_ref(&waiting)
    );
    assert_eq!(expected_receipt::open(&mut conn, Some("9521321000010"), None, 10).await.unwrap().len(), 1);
    assert!(expected_receipt::open(&mut conn, Some("9521321000027"), None, 10).await.unwrap().is_empty());
    assert!(
        expected_receipt::open(&mut conn, None, Some((at(0), &waiting.epc)), 10).await.unwrap().is_empty()
    );

    let without = ExpectedReceipt { state: ReceiptState::Received, ..waiting.clone() };
    let refused = expected_receipt::upsert(&mut conn, std::slice::from_ref(&without)).await.unwrap_err();
    assert_eq!(refused.constraint(), Some("expected_receipt_notice"));
    let complete = ExpectedReceipt { notice_id: Some(Uuid::from_u128(4)), consignor: Some(1), ..without };
    expected_receipt::upsert(&mut conn, &[complete]).await.unwrap();
    assert!(expected_receipt::open(&mut conn, None, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn alerts_and_look_ups_are_listed_newest_first() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let alert = |number: u32| Alert {
        id: Uuid::from_u128(u128::from(number)),
        code: "already_dispensed".to_owned(),
        level: 5,
        raised_at: at(i64::from(number)),
        record_key: Some(key(number)),
        gtin: Some("09521568251204".to_owned()),
        serial: Some("S1".to_owned()),
        site_gln: (number == 1).then(|| "9521321000010".to_owned()),
        detail: serde_json::json!({ "attempt": number }),
        origin: 4,
        state: AlertState::Open,
    };
    assert_eq!(alert::insert(&mut conn, &[alert(1), alert(2)]).await.unwrap(), 2);
    assert_eq!(alert::insert(&mut conn, &[alert(2), alert(3)]).await.unwrap(), 1);
    assert_eq!(alert::list(&mut conn, None, None, None, 2).await.unwrap(), [alert(3), alert(2)]);
    assert_eq!(
        alert::list(&mut conn, None, None, Some((at(2), Uuid::from_u128(2))), 9).await.unwrap(),
        [alert(1)]
    );
    assert_eq!(alert::list(&mut conn, Some("9521321000010"), None, None, 9).await.unwrap(), [alert(1)]);
    assert_eq!(alert::of_pack(&mut conn, "09521568251204", "S1", 9).await.unwrap().len(), 3);
    let client = ApiClient {
        id: Uuid::from_u128(7),
        name: "quality".to_owned(),
        site_gln: None,
        permissions: Vec::new(),
        created_at: at(0),
        revoked_at: None,
    };
    api_client::insert(&mut conn, &client, &key(7)).await.unwrap();
    let third = Uuid::from_u128(3);
    for (state, reason) in
        [(AlertState::Acknowledged, None), (AlertState::Closed, Some(CloseReason::Technical))]
    {
        assert_eq!(alert::lock(&mut conn, third).await.unwrap().unwrap().id, third);
        let action = NewAction { state, at: at(9), client_id: client.id, reason, note: Some("seen") };
        alert_action::insert(&mut conn, third, &action).await.unwrap();
    }
    assert!(alert::lock(&mut conn, Uuid::from_u128(9)).await.unwrap().is_none());
    let done = alert_action::of_alerts(&mut conn, &[third, Uuid::from_u128(2)]).await.unwrap();
    let told: Vec<_> = done.iter().map(|one| (one.number, one.state, one.client_name.as_str())).collect();
    assert_eq!(told, [(1, AlertState::Acknowledged, "quality"), (2, AlertState::Closed, "quality")]);
    assert_eq!(done[1].reason, Some(CloseReason::Technical));
    let closed = alert::list(&mut conn, None, Some(AlertState::Closed), None, 9).await.unwrap();
    assert_eq!(closed.iter().map(|alert| alert.id).collect::<Vec<_>>(), [third]);

    let lookup = |number: u128| Lookup {
        id: Uuid::from_u128(number),
        client_id: Uuid::from_u128(1),
        at: at(i64::try_from(number).unwrap()),
        reason: "complaint".to_owned(),
        case_number: "2026/17".to_owned(),
        subject: pack(1),
        result: "genuine".to_owned(),
    };
    lookup_log::insert(&mut conn, &lookup(1)).await.unwrap();
    lookup_log::insert(&mut conn, &lookup(2)).await.unwrap();
    assert_eq!(lookup_log::list(&mut conn, None, 1).await.unwrap(), [lookup(2)]);
    assert_eq!(lookup_log::list(&mut conn, Some((at(2), Uuid::from_u128(2))), 9).await.unwrap(), [lookup(1)]);
}

#[tokio::test]
async fn requests_for_the_same_change_are_decided_in_their_order() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let request = |number: u128, change: &[u8]| DirectoryRequest {
        id: Uuid::from_u128(number),
        change: change.to_vec(),
        kind: RequestKind::Product,
        gtin: "09521568251204".to_owned(),
        lot: None,
        client_id: Uuid::from_u128(7),
        requested_at: at(1),
        state: RequestState::Pending,
        refusal: None,
        height: None,
    };
    let requests = [request(1, b"a"), request(2, b"a"), request(3, b"b"), request(4, b"a")];
    for one in &requests {
        directory_request::insert(&mut conn, one).await.unwrap();
    }
    let told = |change: &[u8], refusal| Decided { change: change.to_vec(), refusal };
    let decided = [told(b"a", None), told(b"c", Some(1)), told(b"a", Some(11)), told(b"b", Some(12))];
    assert_eq!(directory_request::decide(&mut conn, &decided, 5).await.unwrap(), 3);
    let list = directory_request::list(&mut conn, RequestKind::Product, None, None, 9).await.unwrap();
    let states: Vec<_> = list.iter().rev().map(|one| (one.state, one.refusal, one.height)).collect();
    assert_eq!(
        states,
        [
            (RequestState::Accepted, None, Some(5)),
            (RequestState::Refused, Some(11), Some(5)),
            (RequestState::Refused, Some(12), Some(5)),
            (RequestState::Pending, None, None),
        ]
    );
    let refused = directory_request::list(
        &mut conn,
        RequestKind::Product,
        Some(RequestState::Refused),
        Some(Uuid::from_u128(3)),
        9,
    );
    assert_eq!(refused.await.unwrap().iter().map(|one| one.id.as_u128()).collect::<Vec<_>>(), [2]);
    assert_eq!(directory_request::find(&mut conn, Uuid::from_u128(4)).await.unwrap(), Some(request(4, b"a")));
}
