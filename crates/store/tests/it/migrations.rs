//! The schema: complete, forward only, refused when it is not known.

use store::testing::TestDatabase;
use store::{Error, SchemaFault, check, migrate, version};

#[tokio::test]
async fn a_migrated_database_is_accepted_and_migrating_again_changes_nothing() {
    let database = TestDatabase::new().await;
    check(database.pool()).await.unwrap();
    migrate(database.pool()).await.unwrap();
    check(database.pool()).await.unwrap();
}

#[tokio::test]
async fn an_unknown_schema_is_refused_whichever_way_it_differs() {
    let database = TestDatabase::new().await;
    let pool = database.pool();
    let fault = |result: Result<(), Error>| match result {
        Err(Error::UnknownSchema(fault)) => fault,
        other => panic!("{other:?}"),
    };
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version = $1")
        .bind(version())
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(fault(check(pool).await), SchemaFault::Older { first_missing: version() });

    sqlx::query("INSERT INTO _sqlx_migrations VALUES ($1, 'later', now(), true, '\\x00', 1)")
        .bind(version() + 1)
        .execute(pool)
        .await
        .unwrap();
    assert_eq!(fault(migrate(pool).await), SchemaFault::Newer { version: version() + 1 });

    sqlx::query("UPDATE _sqlx_migrations SET checksum = '\\x00'").execute(pool).await.unwrap();
    assert!(matches!(fault(check(pool).await), SchemaFault::Altered { .. }));
    sqlx::query("DROP TABLE _sqlx_migrations").execute(pool).await.unwrap();
    assert_eq!(fault(check(pool).await), SchemaFault::Empty);
}
