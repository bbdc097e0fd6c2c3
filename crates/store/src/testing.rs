//! A migrated database of its own for each test (feature `testing`).
//!
//! The server is the one of `DATABASE_URL` when that is set (its role must be allowed to create databases);
//! otherwise each test process starts a private one, which a watchdog stops and deletes when the process is gone.
//! Databases are cloned from a template that is migrated once per set of migrations.

use std::path::Path;
use std::process::{Command, Stdio};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};
use tokio::sync::OnceCell;

use crate::embedded::{Cluster, ClusterConfig};
use crate::error::Error;
use crate::migrate;
use crate::pool::{DatabaseConfig, connect};

pub mod tamper;

/// URL of the server's maintenance database, found or started once per process.
static SERVER: OnceCell<String> = OnceCell::const_new();

/// A database that exists as long as this value.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    pool: PgPool,
}

impl TestDatabase {
    /// Clones the migrated template.
    ///
    /// # Panics
    /// When there is no server: a test cannot go on.
    #[expect(clippy::expect_used, reason = "a test without a server cannot go on")]
    pub async fn new() -> Self {
        let server = SERVER.get_or_init(server).await;
        let template = template(server).await.expect("the template database is migrated");
        let name = format!("theriac_test_{}", uuid::Uuid::now_v7().simple());
        let mut conn = admin(server).await.expect("the test server answers");
        execute(&mut conn, format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await
            .expect("the template is cloned");
        let url = with_database(server, &name);
        let pool = connect(&DatabaseConfig::new(&url)).await.expect("the cloned database answers");
        TestDatabase { name, url, pool }
    }

    /// Its pool.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Opens its pool anew, after a service that was given it has closed it.
    ///
    /// # Panics
    /// When it does not answer: a test cannot go on.
    #[expect(clippy::expect_used, reason = "a test without its database cannot go on")]
    pub async fn reconnect(&mut self) {
        self.pool = connect(&DatabaseConfig::new(&self.url)).await.expect("the test's database answers");
    }

    /// Its URL, for a second pool or another process.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    /// Drops the database on a thread of its own: a test's runtime may be stopping.
    fn drop(&mut self) {
        let Some(server) = SERVER.get().cloned() else {
            return;
        };
        let name = self.name.clone();
        let dropping = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
                return;
            };
            runtime.block_on(async {
                if let Ok(mut conn) = admin(&server).await {
                    // A database that stays is only space on a test server.
                    let _ = execute(&mut conn, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
                }
            });
        });
        // The thread cannot panic; if it did, the test's own result matters more.
        let _ = dropping.join();
    }
}

/// A server for tests: that of `DATABASE_URL`, or a private one in the temporary folder.
#[expect(clippy::expect_used, reason = "a test without a server cannot go on")]
async fn server() -> String {
    if let Ok(url) = std::env::var("DATABASE_URL") {
        return with_database(&url, "postgres");
    }
    let dir = std::env::temp_dir().join(format!("theriac-test-{}", std::process::id()));
    let cluster = Cluster::start(&ClusterConfig::new(&dir)).await.expect("a private PostgreSQL starts");
    watch(&cluster, &dir);
    cluster.url("postgres", "postgres")
}

/// Stops the server and deletes its files as soon as this process is gone, however it ends.
#[expect(clippy::expect_used, reason = "a test that leaves a server behind must not go on")]
#[expect(clippy::zombie_processes, reason = "the watchdog outlives this process on purpose")]
fn watch(cluster: &Cluster, dir: &Path) {
    use std::os::unix::process::CommandExt;
    const SCRIPT: &str = r#"while kill -0 "$1" 2>/dev/null; do sleep 0.5; done
kill -QUIT "$(head -n 1 "$2/postmaster.pid")"; sleep 0.5; rm -rf "$3" "$4" "$5""#;
    let base = cluster.data_dir().parent().unwrap_or(dir);
    Command::new("sh")
        .args(["-c", SCRIPT, "sh", &std::process::id().to_string()])
        .args([cluster.data_dir(), base, cluster.socket_dir(), dir])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("the watchdog starts");
}

/// Name of the migrated template, made when it is missing. Processes that come at once take turns.
async fn template(server: &str) -> Result<String, Error> {
    let name = format!("theriac_template_{:016x}", migrate::fingerprint());
    let mut conn = admin(server).await?;
    sqlx::query!("SELECT pg_advisory_lock(hashtext('theriac template'))").execute(&mut conn).await?;
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS "known!""#,
        name
    )
    .fetch_one(&mut conn)
    .await?;
    if !known {
        let draft = format!("{name}_draft");
        execute(&mut conn, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await?;
        execute(&mut conn, format!("CREATE DATABASE {draft}")).await?;
        let pool = connect(&DatabaseConfig::new(with_database(server, &draft))).await?;
        migrate::migrate(&pool).await?;
        pool.close().await;
        execute(&mut conn, format!("ALTER DATABASE {draft} RENAME TO {name}")).await?;
    }
    conn.close().await?;
    Ok(name)
}

async fn admin(server: &str) -> Result<PgConnection, Error> {
    Ok(PgConnection::connect_with(&DatabaseConfig::new(server).connect_options()?).await?)
}

/// Data definition takes no parameters; all names here are made of hexadecimal digits.
async fn execute(conn: &mut PgConnection, statement: String) -> Result<(), Error> {
    conn.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').map_or((url, None), |(head, query)| (head, Some(query)));
    let authority = head.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    match query {
        Some(query) => format!("{authority}/{name}?{query}"),
        None => format!("{authority}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_changes() {
        assert_eq!(with_database("postgres://a@h/x?host=/s", "y"), "postgres://a@h/y?host=/s");
        assert_eq!(with_database("postgres://a@h:5/x", "y"), "postgres://a@h:5/y");
    }
}
