//! Connection options and the pool.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::error::Error;
use crate::limits::{
    ACQUIRE_TIMEOUT_DEFAULT, IDLE_IN_TRANSACTION_TIMEOUT, IDLE_TRUSTED, POOL_CONNECTIONS_DEFAULT,
    STATEMENT_CACHE, STATEMENT_TIMEOUT,
};

/// How to reach one organisation's database.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `postgres://role@host/database`; `?host=/directory` names a Unix socket's directory, which is preferred:
    /// a statement over TCP costs about twice as much. May hold a password, so `Debug` leaves it out.
    pub url: String,
    /// Most connections at once.
    pub connections_max: u32,
    /// How long to wait for a free connection before [`Error::Unavailable`].
    pub acquire_timeout: Duration,
    /// Shown in `pg_stat_activity`, so that an operator sees whose connection it is.
    pub application_name: String,
}

impl DatabaseConfig {
    /// Defaults for `url`.
    pub fn new(url: impl Into<String>) -> Self {
        DatabaseConfig {
            url: url.into(),
            connections_max: POOL_CONNECTIONS_DEFAULT,
            acquire_timeout: ACQUIRE_TIMEOUT_DEFAULT,
            application_name: "theriac".to_owned(),
        }
    }

    /// The driver's options for one connection.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the URL does not parse.
    pub fn connect_options(&self) -> Result<PgConnectOptions, Error> {
        let options = PgConnectOptions::from_str(&self.url)
            .map_err(|_| Error::Configuration("DATABASE_URL is not a postgres:// URL".into()))?;
        if options.get_database().is_none() {
            return Err(Error::Configuration("DATABASE_URL names no database".into()));
        }
        Ok(options
            .application_name(&self.application_name)
            .statement_cache_capacity(STATEMENT_CACHE)
            .options(session_settings()))
    }
}

impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("connections_max", &self.connections_max)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("application_name", &self.application_name)
            .finish_non_exhaustive()
    }
}

/// Settings of every session.
///
/// Plans are generic unless a query asks otherwise: the statements here are written so that their one good plan
/// does not depend on the values, and planning an array of 10,000 keys would cost more than the look-up.
///
/// That plan goes by an index, key by key. A session that plans while a table is still empty would choose to scan it
/// whole, and keep that plan when it has millions of rows; so scans, and the joins that are made for them, are left to
/// statements that have no other way.
fn session_settings() -> Vec<(&'static str, String)> {
    vec![
        ("synchronous_commit", "on".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("jit", "off".to_owned()),
        ("plan_cache_mode", "force_generic_plan".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        ("statement_timeout", STATEMENT_TIMEOUT.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string()),
    ]
}

/// Opens a pool and one connection, to learn at start that the database is there.
///
/// # Errors
/// [`Error::Configuration`] for a bad URL, [`Error::Unavailable`] when the server does not answer.
pub async fn connect(config: &DatabaseConfig) -> Result<PgPool, Error> {
    let pool = connect_lazy(config)?;
    drop(pool.acquire().await?);
    Ok(pool)
}

/// Opens a pool that connects when first used: a service starts, and says 503, while its database is down.
///
/// # Errors
/// [`Error::Configuration`] for a bad URL.
pub fn connect_lazy(config: &DatabaseConfig) -> Result<PgPool, Error> {
    Ok(PgPoolOptions::new()
        .max_connections(config.connections_max)
        .acquire_timeout(config.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|conn, meta| {
            Box::pin(async move { Ok(meta.idle_for < IDLE_TRUSTED || conn.ping().await.is_ok()) })
        })
        .idle_timeout(Duration::from_secs(300))
        .max_lifetime(Duration::from_secs(1800))
        .connect_lazy_with(config.connect_options()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_must_name_a_database_and_is_never_printed() {
        assert!(matches!(DatabaseConfig::new("mysql://x").connect_options(), Err(Error::Configuration(_))));
        let config = DatabaseConfig::new("postgres://role:secret@localhost/theriac?host=/run/theriac");
        assert!(config.connect_options().is_ok());
        assert!(!format!("{config:?}").contains("secret"));
    }
}
