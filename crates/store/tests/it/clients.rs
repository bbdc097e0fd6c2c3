//! API clients and saved answers.

use store::api_client::{self, ApiClient};
use store::idempotency::{self, SavedAnswer};
use store::testing::TestDatabase;
use uuid::Uuid;

use crate::support::{at, conn, key};

fn client() -> ApiClient {
    ApiClient {
        id: Uuid::now_v7(),
        name: "line 4".to_owned(),
        site_gln: Some("9521321000010".to_owned()),
        permissions: vec!["capture".to_owned(), "query".to_owned()],
        created_at: at(0),
        revoked_at: None,
    }
}

#[tokio::test]
async fn a_client_is_found_by_its_key_until_it_is_revoked() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let client = client();
    api_client::insert(&mut conn, &client, &key(1)).await.unwrap();
    assert_eq!(api_client::find_by_key_hash(&mut conn, &key(1)).await.unwrap().as_ref(), Some(&client));
    assert_eq!(api_client::find_by_key_hash(&mut conn, &key(2)).await.unwrap(), None);

    let twice =
        api_client::insert(&mut conn, &ApiClient { id: Uuid::now_v7(), ..client.clone() }, &key(1)).await;
    assert_eq!(twice.unwrap_err().constraint(), Some("api_client_key_hash_key"));

    assert!(api_client::revoke(&mut conn, client.id, at(5)).await.unwrap());
    assert!(!api_client::revoke(&mut conn, client.id, at(6)).await.unwrap());
    assert_eq!(api_client::find_by_key_hash(&mut conn, &key(1)).await.unwrap(), None);
    assert_eq!(api_client::list(&mut conn).await.unwrap()[0].revoked_at, Some(at(5)));
}

#[tokio::test]
async fn an_answer_is_repeated_and_a_key_used_twice_at_once_is_a_conflict() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    let answer = |key_text: &str| SavedAnswer {
        client_id: Uuid::from_u128(7),
        key: key_text.to_owned(),
        request_hash: key(3),
        status: 201,
        headers: vec![("Location".to_owned(), "/v1/lots/1".to_owned())],
        body: b"{}".to_vec(),
        created_at: at(0),
    };
    idempotency::insert(&mut conn, &[answer("b"), answer("a")]).await.unwrap();
    let asked = [(Uuid::from_u128(7), "a".to_owned()), (Uuid::from_u128(8), "a".to_owned())];
    assert_eq!(idempotency::find(&mut conn, &asked).await.unwrap(), [answer("a")]);
    let again = idempotency::insert(&mut conn, &[answer("c"), answer("a")]).await.unwrap_err();
    assert_eq!(again.constraint(), Some("idempotency_pkey"));
    assert_eq!(idempotency::purge(&mut conn, at(1)).await.unwrap(), 2);
}
