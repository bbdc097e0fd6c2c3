//! The private server: made, taken over, recovered, refused.

use std::os::unix::fs::PermissionsExt;

use store::embedded::{Cluster, ClusterConfig, EmbeddedError, StopMode};
use store::{DatabaseConfig, connect};

/// A cluster on a folder of its own; both are gone when the test ends well.
async fn cluster(dir: &tempfile::TempDir) -> Cluster {
    Cluster::start(&ClusterConfig::new(dir.path())).await.expect("a private PostgreSQL starts")
}

async fn one(cluster: &Cluster, database: &str, role: &str) -> Result<i64, store::Error> {
    let mut config = DatabaseConfig::new(cluster.url(database, role));
    config.connections_max = 1;
    let pool = connect(&config).await?;
    let one: i64 = sqlx::query_scalar("SELECT 1::bigint").fetch_one(&pool).await?;
    pool.close().await;
    Ok(one)
}

async fn end(cluster: &Cluster, dir: &tempfile::TempDir) {
    cluster.stop(StopMode::Immediate).await.unwrap();
    Cluster::delete(&ClusterConfig::new(dir.path())).unwrap();
    assert!(!cluster.data_dir().exists());
}

#[tokio::test]
async fn a_cluster_is_private_has_checksums_and_is_taken_over_while_it_lives() {
    let dir = tempfile::tempdir().unwrap();
    let first = cluster(&dir).await;
    first.create_database("manufacturer", "maker").await.unwrap();
    first.create_database("manufacturer", "maker").await.unwrap();
    first.create_database("pharmacy", "chemist").await.unwrap();
    assert_eq!(one(&first, "manufacturer", "maker").await.unwrap(), 1);
    assert!(one(&first, "manufacturer", "chemist").await.is_err(), "a role has its own database only");
    let mode = std::fs::metadata(first.socket_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    let pool = connect(&DatabaseConfig::new(first.url("manufacturer", "maker"))).await.unwrap();
    let shown: Vec<String> = sqlx::query_scalar(
        "SELECT setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'full_page_writes',
         'synchronous_commit') UNION ALL SELECT current_setting('listen_addresses')",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(shown, ["on", "on", "on", "on", ""]);
    pool.close().await;

    let second = cluster(&dir).await;
    assert_eq!(one(&second, "manufacturer", "maker").await.unwrap(), 1);
    end(&second, &dir).await;
}

#[tokio::test]
async fn a_killed_server_is_recognised_and_its_data_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let config = ClusterConfig::new(dir.path());
    let first = cluster(&dir).await;
    first.create_database("kept", "keeper").await.unwrap();
    first.stop(StopMode::Kill).await.unwrap();
    assert!(!first.is_live());
    assert!(first.data_dir().join("postmaster.pid").exists(), "the killed server leaves its file");

    let second = cluster(&dir).await;
    assert_eq!(one(&second, "kept", "keeper").await.unwrap(), 1);
    assert!(Cluster::stop_left_over(&config, StopMode::Fast).await.unwrap());
    assert!(!Cluster::stop_left_over(&config, StopMode::Fast).await.unwrap());
    Cluster::delete(&config).unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = ClusterConfig::new(dir.path());
    let first = cluster(&dir).await;
    first.stop(StopMode::Fast).await.unwrap();
    std::fs::write(first.data_dir().join("PG_VERSION"), "9\n").unwrap();
    let refused = Cluster::start(&config).await;
    assert!(matches!(refused, Err(EmbeddedError::OtherMajor { wanted: 9, .. })), "{refused:?}");
    Cluster::delete(&config).unwrap();
}

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_not_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = cluster(&dir).await;
    cluster.create_database("kept", "keeper").await.unwrap();
    cluster.stop(StopMode::Fast).await.unwrap();
    let error = one(&cluster, "kept", "keeper").await.unwrap_err();
    assert!(matches!(error, store::Error::Unavailable { .. }), "{error:?}");
    Cluster::delete(&ClusterConfig::new(dir.path())).unwrap();
}

#[tokio::test]
async fn a_pool_outlives_a_restart_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let first = cluster(&dir).await;
    first.create_database("kept", "keeper").await.unwrap();
    let pool = connect(&DatabaseConfig::new(first.url("kept", "keeper"))).await.unwrap();
    let held = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    drop(held);
    first.stop(StopMode::Immediate).await.unwrap();
    let again = cluster(&dir).await;
    for _ in 0..4 {
        let mut connection = pool.acquire().await.unwrap();
        sqlx::query("SELECT 1").execute(&mut *connection).await.expect("no dead connection is handed out");
    }
    pool.close().await;
    end(&again, &dir).await;
}
