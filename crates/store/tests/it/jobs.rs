//! Capture jobs: one worker a job, page by page, going on where the last worker ended.

use serde_json::json;
use store::capture_job::{self, ErrorBehaviour, NewCaptureJob};
use store::testing::TestDatabase;
use uuid::Uuid;

use crate::support::{at, conn};

fn job(number: u128) -> NewCaptureJob<'static> {
    NewCaptureJob {
        id: Uuid::from_u128(number),
        client_id: Uuid::from_u128(100),
        created_at: at(i64::try_from(number).unwrap()),
        error_behaviour: ErrorBehaviour::Proceed,
        media_type: "application/xml",
        body: b"<epcis/>",
    }
}

#[tokio::test]
async fn a_job_goes_on_where_a_dead_worker_left_it() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    capture_job::insert(&mut conn, &job(1)).await.unwrap();
    capture_job::insert(&mut conn, &job(2)).await.unwrap();

    let mut first = database.pool().begin().await.unwrap();
    let mut second = database.pool().begin().await.unwrap();
    let held = capture_job::claim(&mut first).await.unwrap().unwrap();
    assert_eq!((held.id, held.next_event, held.event_count), (job(1).id, 0, None));
    assert_eq!(capture_job::claim(&mut second).await.unwrap().unwrap().id, job(2).id);
    assert!(capture_job::claim(&mut conn).await.unwrap().is_none());
    assert_eq!(capture_job::body(&mut first, held.id).await.unwrap().unwrap(), b"<epcis/>");
    capture_job::advance(&mut first, held.id, 5, 3, &json!([{ "title": "no such product" }])).await.unwrap();
    first.commit().await.unwrap();
    second.rollback().await.unwrap();

    let mut third = database.pool().begin().await.unwrap();
    let resumed = capture_job::claim(&mut third).await.unwrap().unwrap();
    assert_eq!((resumed.id, resumed.next_event, resumed.event_count), (job(1).id, 3, Some(5)));
    capture_job::advance(&mut third, resumed.id, 5, 5, &json!([])).await.unwrap();
    capture_job::finish(&mut third, resumed.id, at(9), true).await.unwrap();
    third.commit().await.unwrap();

    let done = capture_job::find(&mut conn, job(1).id).await.unwrap().unwrap();
    assert_eq!((done.running, done.success, done.finished_at), (false, false, Some(at(9))));
    assert_eq!(done.errors, json!([{ "title": "no such product" }]), "an error once seen stays");
    assert_eq!(capture_job::body(&mut conn, done.id).await.unwrap().unwrap(), b"");
    assert_eq!(capture_job::claim(&mut conn).await.unwrap().unwrap().id, job(2).id);
}

#[tokio::test]
async fn a_clients_jobs_are_paged_newest_first() {
    let database = TestDatabase::new().await;
    let mut conn = conn(database.pool()).await;
    for number in 1..=3 {
        capture_job::insert(&mut conn, &job(number)).await.unwrap();
    }
    let page = capture_job::list(&mut conn, Uuid::from_u128(100), None, 2).await.unwrap();
    assert_eq!(page.iter().map(|job| job.id.as_u128()).collect::<Vec<_>>(), [3, 2]);
    let last = page.last().map(|job| (job.created_at, job.id));
    let page = capture_job::list(&mut conn, Uuid::from_u128(100), last, 2).await.unwrap();
    assert_eq!(page.iter().map(|job| job.id.as_u128()).collect::<Vec<_>>(), [1]);
    assert!(capture_job::list(&mut conn, Uuid::from_u128(101), None, 2).await.unwrap().is_empty());
    let beyond = capture_job::advance(&mut conn, job(1).id, 2, 3, &json!([])).await.unwrap_err();
    assert_eq!(beyond.constraint(), Some("capture_job_progress"));
}
