//! WebSockets: what they are sent, and by what they end.

use api::auth::Permission;
use api::testing::TestClient;
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{ALL, PATIENCE, SITE, Subscriber, serials};
use crate::capture::{problem, told};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a socket, or gives the status of the refusal.
async fn open(site: &Subscriber, client: &TestClient, query: &str) -> Result<Socket, StatusCode> {
    let address = site.app.base.replace("http://", "ws://");
    let mut request = format!("{address}/epcis/queries/storing/events{query}").into_client_request().unwrap();
    let key = format!("Bearer {}", client.key.expose());
    request.headers_mut().insert("authorization", key.parse().unwrap());
    match connect_async(request).await {
        Ok((socket, answer)) => {
            assert!(answer.headers().contains_key("gs1-query-min-record-time"));
            Ok(socket)
        }
        Err(Error::Http(answer)) => Err(StatusCode::from_u16(answer.status().as_u16()).unwrap()),
        Err(error) => panic!("{error}"),
    }
}

/// What a socket is sent next, but for pings (which are answered on the way).
async fn next(socket: &mut Socket) -> Message {
    let next = async {
        loop {
            match socket.next().await.unwrap().unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                other => return other,
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("something comes")
}

async fn document(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

/// By what code a socket is closed, before anything else comes.
async fn closed(socket: &mut Socket) -> CloseCode {
    match next(socket).await {
        Message::Close(Some(frame)) => frame.code,
        other => panic!("it is sent {other:?}"),
    }
}

async fn storing() -> Subscriber {
    let site = Subscriber::new().await;
    site.name("storing", json!({ "EQ_bizStep": ["storing"] })).await;
    site
}

#[tokio::test]
async fn a_socket_is_sent_what_is_captured_from_now_on() {
    let site = storing().await;
    site.capture("storing", "BEFORE").await;
    let mut socket = open(&site, &site.client, "?stream=true").await.unwrap();
    let mut seen = Vec::new();
    for serial in ["K1", "K2", "K3", "K4", "K5"] {
        site.capture("inspecting", &format!("{serial}x")).await;
        site.capture("storing", serial).await;
        while seen.last().is_none_or(|last| last != serial) {
            let document = document(&mut socket).await;
            assert_eq!(document["epcisBody"]["queryResults"]["queryName"], "storing");
            seen.extend(serials(&document));
        }
    }
    assert_eq!(seen, ["K1", "K2", "K3", "K4", "K5"]);
    socket.close(None).await.unwrap();
    site.app.stop().await;
}

#[tokio::test]
async fn a_query_that_is_deleted_closes_its_sockets_and_other_sites_saw_nothing() {
    let site = storing().await;
    let elsewhere = site.app.client(ALL).await;
    let named = json!({ "name": "storing", "query": {} });
    let made =
        site.app.request(&elsewhere, Method::POST, "/epcis/queries").json(&named).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    let mut socket = open(&site, &site.client, "?stream=true").await.unwrap();
    let mut other = open(&site, &elsewhere, "?stream=true").await.unwrap();
    site.capture("storing", "L1").await;
    assert_eq!(serials(&document(&mut socket).await), ["L1"]);
    let delete = |client| site.app.request(client, Method::DELETE, "/epcis/queries/storing").send();
    assert_eq!(delete(&site.client).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(closed(&mut socket).await, CloseCode::Policy);
    assert_eq!(delete(&elsewhere).await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(closed(&mut other).await, CloseCode::Policy, "and nothing was sent before");
    site.app.stop().await;
}

#[tokio::test]
async fn a_revoked_key_and_a_stop_close_sockets() {
    let site = storing().await;
    let mut own = open(&site, &site.client, "?stream=true").await.unwrap();
    let other = site.app.client_at(ALL, Some(SITE)).await;
    let named = json!({ "name": "storing", "query": {} });
    site.app.request(&other, Method::POST, "/epcis/queries").json(&named).send().await.unwrap();
    let mut revoked = open(&site, &other, "?stream=true").await.unwrap();
    let mut conn = site.app.database.pool().acquire().await.unwrap();
    let now = api::clock::moment(api::testing::TEST_START_MS);
    store::api_client::revoke(&mut conn, other.id, now).await.unwrap();
    drop(conn);
    assert_eq!(closed(&mut revoked).await, CloseCode::Policy);
    let (_, code) = tokio::join!(site.app.stop(), closed(&mut own));
    assert_eq!(code, CloseCode::Away);
}

#[tokio::test]
async fn a_socket_with_a_schedule_is_sent_events_in_its_turns() {
    let site = storing().await;
    let mut socket = open(&site, &site.client, "?minute=5&hour=6&reportIfEmpty=true").await.unwrap();
    for serial in ["M1", "M2"] {
        site.capture("storing", serial).await;
    }
    site.app.clock.advance(5 * 60_000);
    assert_eq!(serials(&document(&mut socket).await), ["M1", "M2"]);
    site.app.clock.advance(24 * 60 * 60_000);
    assert!(serials(&document(&mut socket).await).is_empty());
    site.app.stop().await;
}

#[tokio::test]
async fn who_talks_is_closed_and_places_are_bounded() {
    let site = storing().await;
    let mut talking = open(&site, &site.client, "?stream=true").await.unwrap();
    talking.send(Message::text("hello")).await.unwrap();
    assert_eq!(closed(&mut talking).await, CloseCode::Unsupported);
    drop(talking);
    let mut held = Vec::new();
    let refused = loop {
        match open(&site, &site.client, "?stream=true").await {
            Ok(socket) => held.push(socket),
            Err(status) => break status,
        }
    };
    assert_eq!((refused, held.len()), (StatusCode::CONFLICT, 16));
    drop(held);
    site.app.stop().await;
}

#[tokio::test]
async fn sockets_that_cannot_be_opened_are_refused_before_the_upgrade() {
    let site = storing().await;
    for query in
        ["", "?stream=false", "?stream=true&hour=1", "?hour=25", "?stream=true&perPage=3", "?minutes=1"]
    {
        assert_eq!(open(&site, &site.client, query).await.err(), Some(StatusCode::BAD_REQUEST), "{query}");
    }
    let lacking = site.app.client_at(&[Permission::Query], Some(SITE)).await;
    assert_eq!(open(&site, &lacking, "?stream=true").await.err(), Some(StatusCode::NOT_FOUND));
    let named = json!({ "name": "storing", "query": {} });
    site.app.request(&lacking, Method::POST, "/epcis/queries").json(&named).send().await.unwrap();
    assert_eq!(open(&site, &lacking, "?stream=true").await.err(), Some(StatusCode::FORBIDDEN));
    let plain = problem(site.request(Method::GET, "/epcis/queries/storing/events?stream=true")).await;
    assert_eq!(told(&plain), ("SubscriptionControlsException", 400, "controls", Some("stream")));
    let half = site.request(Method::GET, "/epcis/queries/storing/events?stream=true");
    let half = problem(half.header("upgrade", "websocket")).await;
    assert_eq!(half.status, 400, "{half:?}");
    site.app.stop().await;
}
