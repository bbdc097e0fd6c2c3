//! Roles and databases on the private server, and their URLs.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::cluster::Cluster;
use super::error::EmbeddedError;
use crate::error::Error;
use crate::pool::DatabaseConfig;

/// The role that initialised the cluster.
pub(super) const SUPERUSER: &str = "postgres";

impl Cluster {
    /// Makes the role and the database that it alone may use, unless they are there. Safe to repeat.
    ///
    /// # Errors
    /// [`EmbeddedError::Name`] for a name that is not plain, [`EmbeddedError::Database`].
    pub async fn create_database(&self, name: &str, role: &str) -> Result<(), EmbeddedError> {
        plain(name)?;
        plain(role)?;
        let mut conn = self.superuser().await?;
        let known: bool = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS "known!""#,
            role
        )
        .fetch_one(&mut conn)
        .await
        .map_err(Error::from)?;
        if !known {
            execute(&mut conn, format!("CREATE ROLE {role} LOGIN")).await?;
        }
        let known: bool = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS "known!""#,
            name
        )
        .fetch_one(&mut conn)
        .await
        .map_err(Error::from)?;
        if !known {
            execute(&mut conn, format!("CREATE DATABASE {name} OWNER {role}")).await?;
        }
        execute(&mut conn, format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC")).await
    }

    /// Drops a database, ending its sessions; none of that name is fine.
    ///
    /// # Errors
    /// [`EmbeddedError::Name`], [`EmbeddedError::Database`].
    pub async fn drop_database(&self, name: &str) -> Result<(), EmbeddedError> {
        plain(name)?;
        execute(&mut self.superuser().await?, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
    }

    /// URL of `database` for `role`, over the private socket.
    pub fn url(&self, database: &str, role: &str) -> String {
        format!(
            "postgres://{role}@localhost/{database}?host={}",
            percent_encode(&self.socket_dir().to_string_lossy())
        )
    }

    /// A connection that may do anything.
    pub(super) async fn superuser(&self) -> Result<PgConnection, EmbeddedError> {
        let options = DatabaseConfig::new(self.url("postgres", SUPERUSER)).connect_options()?;
        Ok(PgConnection::connect_with(&options).await.map_err(Error::from)?)
    }
}

/// Data definition takes no parameters; the names in it have passed [`plain`].
async fn execute(conn: &mut PgConnection, statement: String) -> Result<(), EmbeddedError> {
    conn.execute(AssertSqlSafe(statement)).await.map_err(Error::from)?;
    Ok(())
}

/// Accepts only names that mean the same quoted and unquoted.
fn plain(name: &str) -> Result<(), EmbeddedError> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if first && rest && name.len() <= 63 { Ok(()) } else { Err(EmbeddedError::Name(name.to_owned())) }
}

/// Encodes for a URL's query (RFC 3986, section 2.1).
fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_reach_a_statement() {
        assert!(plain("theriac_manufacturer").is_ok());
        for name in ["", "1a", "a b", "a\"b", "A", "a;drop", &"a".repeat(64)] {
            assert!(plain(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_folder_with_spaces_survives_the_url() {
        assert_eq!(percent_encode("/home/a b/ü"), "/home/a%20b/%C3%BC");
    }
}
