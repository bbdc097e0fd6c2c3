//! The schema: applied by `migrate`, checked at every start. The files are in `migrations/`, in this program.

use std::collections::BTreeMap;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgConnection, PgPool};

use crate::error::{Error, SchemaFault};

/// The migrations this program was built with, oldest first.
static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Applies every migration that the database lacks. Two programs that start at once wait for each other.
///
/// # Errors
/// [`Error::UnknownSchema`] when the database is newer or was altered, [`Error::Migrate`] when a file fails.
pub async fn migrate(pool: &PgPool) -> Result<(), Error> {
    MIGRATIONS.run(pool).await.map_err(sort)
}

/// Refuses a database whose schema is not exactly the one this program knows.
///
/// # Errors
/// [`Error::UnknownSchema`], saying how it differs; [`Error::Unavailable`].
pub async fn check(pool: &PgPool) -> Result<(), Error> {
    let mut connection = pool.acquire().await?;
    check_connection(&mut connection).await
}

/// As [`check`], over one connection.
pub(crate) async fn check_connection(conn: &mut PgConnection) -> Result<(), Error> {
    let applied = applied(conn).await?;
    if applied.is_empty() {
        return Err(Error::UnknownSchema(SchemaFault::Empty));
    }
    for migration in MIGRATIONS.iter() {
        match applied.get(&migration.version) {
            None => {
                return Err(Error::UnknownSchema(SchemaFault::Older { first_missing: migration.version }));
            }
            Some(row) if !row.success || row.checksum != *migration.checksum => {
                return Err(Error::UnknownSchema(SchemaFault::Altered { version: migration.version }));
            }
            Some(_) => {}
        }
    }
    match applied.keys().find(|version| !MIGRATIONS.version_exists(**version)) {
        Some(version) => Err(Error::UnknownSchema(SchemaFault::Newer { version: *version })),
        None => Ok(()),
    }
}

/// Version of the newest migration in this program.
pub fn version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// A short name of the whole set of migrations, different whenever any of them is. For template databases.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn fingerprint() -> u64 {
    let parts = MIGRATIONS.iter().map(|migration| migration.checksum.as_ref());
    crate::fnv::hash(parts)
}

struct Applied {
    success: bool,
    checksum: Vec<u8>,
}

async fn applied(conn: &mut PgConnection) -> Result<BTreeMap<i64, Applied>, Error> {
    let there = sqlx::query_scalar!("SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS \"there!\"")
        .fetch_one(&mut *conn)
        .await?;
    if !there {
        return Ok(BTreeMap::new());
    }
    let rows =
        sqlx::query!("SELECT version, success, checksum FROM _sqlx_migrations").fetch_all(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.version, Applied { success: row.success, checksum: row.checksum }))
        .collect())
}

fn sort(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::UnknownSchema(SchemaFault::Newer { version }),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            Error::UnknownSchema(SchemaFault::Altered { version })
        }
        MigrateError::Execute(error) => Error::from(error),
        other => Error::Migrate(Box::new(other)),
    }
}
