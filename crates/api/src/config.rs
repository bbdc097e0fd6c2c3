//! What a service must be told: one struct a section, from a TOML file, with `THERIAC__SECTION__KEY` over it.
//!
//! Everything is checked in [`Config::load`], before a port opens. Unknown keys are refused, so that a misspelt
//! one is not silently the default. Secrets print nothing.

mod http;
mod node;
mod secret;
mod webhooks;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use http::HttpConfig;
pub use node::{NodeConfig, NodeTiming};
pub use secret::Secret;
pub use webhooks::WebhooksConfig;

/// The whole configuration of one service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whose service this is.
    pub organisation: OrganisationConfig,
    /// The HTTP server.
    #[serde(default)]
    pub http: HttpConfig,
    /// The organisation's PostgreSQL.
    #[serde(default)]
    pub database: DatabaseConfig,
    /// The ledger node. Needed unless the service runs with `--no-node`.
    #[serde(default)]
    pub node: Option<NodeConfig>,
    /// The signing key. Needed wherever the node is.
    #[serde(default)]
    pub keys: Option<KeysConfig>,
    /// Deliveries to subscribers.
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// Logs.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
}

/// `[organisation]`: whose service this is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganisationConfig {
    /// The organisation's number in the ledger's directory.
    pub id: u32,
    /// Its name, for logs and pages.
    pub name: String,
}

/// `[database]`: the organisation's PostgreSQL.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `postgres://role@host/database?host=/socket/directory`. The environment's `DATABASE_URL` replaces what the
    /// file says, `THERIAC__DATABASE__URL` replaces both.
    pub url: Option<Secret>,
    /// Most connections of the service's pool.
    pub connections_max: u32,
    /// Milliseconds that a request waits for a free connection before it is answered 503.
    pub acquire_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: None, connections_max: 20, acquire_timeout_ms: 5_000 }
    }
}

/// `[keys]`: the organisation's signing key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysConfig {
    /// Encrypted PKCS#8 PEM of a secp256k1 key, readable by the service alone.
    pub file: PathBuf,
    /// A file whose first line is the passphrase. Either this or `passphrase`.
    #[serde(default)]
    pub passphrase_file: Option<PathBuf>,
    /// The passphrase. Meant for the environment: `THERIAC__KEYS__PASSPHRASE`.
    #[serde(default)]
    pub passphrase: Option<Secret>,
}

/// `[telemetry]`: logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Which spans and events are logged, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
    /// How a log line is written.
    pub format: LogFormat,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { filter: crate::telemetry::DEFAULT_FILTER.to_owned(), format: LogFormat::Json }
    }
}

/// How a log line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or not TOML, or a key is unknown, missing or of another type.
    #[error("the configuration cannot be read")]
    Read(#[source] Box<config::ConfigError>),
    /// Values are there, but cannot be right. All of them are listed.
    #[error("the configuration is not valid: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

impl From<config::ConfigError> for ConfigError {
    fn from(error: config::ConfigError) -> Self {
        Self::Read(Box::new(error))
    }
}

/// Heartbeats without a block, after which the node is said to be stalled and its copy of the ledger out of date.
const STALLED_HEARTBEATS: u64 = 3;

impl Config {
    /// Milliseconds since the newest block, above which the copy of the ledger here is out of date. Without a node nothing
    /// says how often blocks come, and it never is.
    #[must_use]
    pub fn block_age_ms_max(&self) -> u64 {
        self.node
            .as_ref()
            .map_or(u64::MAX, |node| node.timing.heartbeat_ms.saturating_mul(STALLED_HEARTBEATS))
    }

    /// Reads the file (where given) and the process's environment, and checks every value.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::from_sources(file, std::env::vars())
    }

    /// As [`Config::load`], with the environment handed in.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_sources(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let environment: std::collections::HashMap<String, String> = environment.into_iter().collect();
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        if let Some(url) = environment.get("DATABASE_URL") {
            builder = builder.set_override_option("database.url", own_url(&environment, url))?;
        }
        let overrides = config::Environment::with_prefix("THERIAC")
            .prefix_separator("__")
            .separator("__")
            .source(Some(environment));
        let read: Self = builder.add_source(overrides).build()?.try_deserialize()?;
        read.checked()
    }

    /// Checks what the types cannot: ranges, and values that must fit each other.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] with every fault found.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let mut require = |holds: bool, fault: &dyn fmt::Display| {
            if !holds {
                faults.push(fault.to_string());
            }
        };
        let name = self.organisation.name.trim();
        require(!name.is_empty() && name.len() <= 200, &"organisation.name must have 1 to 200 bytes");
        require(
            (1..=1_000).contains(&self.database.connections_max),
            &"database.connections_max must be 1 to 1000",
        );
        require(
            (10..=60_000).contains(&self.database.acquire_timeout_ms),
            &"database.acquire_timeout_ms must be 10 to 60000",
        );
        if let Some(url) = &self.database.url {
            let known = ["postgres://", "postgresql://"].iter().any(|s| url.expose().starts_with(s));
            require(known, &"database.url must begin with postgres://");
        }
        if let Some(keys) = &self.keys {
            require(
                keys.passphrase.is_some() != keys.passphrase_file.is_some(),
                &"keys needs exactly one of passphrase_file and passphrase",
            );
        }
        let filter = tracing_subscriber::EnvFilter::try_new(&self.telemetry.filter);
        require(filter.is_ok(), &"telemetry.filter is not a filter");
        self.http.check(&mut require);
        if let Some(node) = &self.node {
            node.check(&mut require);
        }
        if faults.is_empty() { Ok(self) } else { Err(ConfigError::Invalid(faults)) }
    }

    /// The database's URL.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when none is configured.
    pub fn database_url(&self) -> Result<&Secret, ConfigError> {
        let missing = || ConfigError::Invalid(vec!["database.url or DATABASE_URL is needed".to_owned()]);
        self.database.url.as_ref().ok_or_else(missing)
    }
}

/// What `DATABASE_URL` sets, unless our own variable is there, which wins.
fn own_url(environment: &std::collections::HashMap<String, String>, url: &str) -> Option<String> {
    let own = environment.keys().any(|key| key.eq_ignore_ascii_case("THERIAC__DATABASE__URL"));
    (!own).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/examples/service.toml");

    fn load(toml: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("service.toml");
        std::fs::write(&file, toml).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::from_sources(Some(&file), environment)
    }

    const LEAST: &str = "[organisation]\nid = 3\nname = \"Pharmacy\"\n";

    #[test]
    fn the_example_is_complete_and_valid() {
        let config = Config::from_sources(Some(Path::new(EXAMPLE)), []).unwrap();
        assert!(config.node.is_some() && config.keys.is_some() && config.database.url.is_some());
    }

    #[test]
    fn the_environment_wins_over_the_file_and_ours_over_the_common_name() {
        let file =
            format!("{LEAST}[database]\nurl = \"postgres://file/x\"\n[http]\nlisten = \"127.0.0.1:1\"\n");
        let common = ("DATABASE_URL", "postgres://common/x");
        let ours = ("THERIAC__DATABASE__URL", "postgres://ours/x");
        let url =
            |environment: &[_]| load(&file, environment).unwrap().database_url().unwrap().expose().to_owned();
        assert_eq!(url(&[]), "postgres://file/x");
        assert_eq!(url(&[common]), "postgres://common/x");
        assert_eq!(url(&[common, ours]), "postgres://ours/x");
        let config =
            load(&file, &[("THERIAC__HTTP__LISTEN", "127.0.0.1:9"), ("THERIAC__ORGANISATION__ID", "7")]);
        let config = config.unwrap();
        assert_eq!((config.http.listen.port(), config.organisation.id), (9, 7));
    }

    #[test]
    fn a_passphrase_of_digits_stays_a_text() {
        let file = format!("{LEAST}[keys]\nfile = \"k.pem\"\n");
        let config = load(&file, &[("THERIAC__KEYS__PASSPHRASE", "0012e4")]).unwrap();
        assert_eq!(config.keys.unwrap().passphrase.unwrap().expose(), "0012e4");
    }

    #[test]
    fn unknown_and_impossible_values_are_refused_all_at_once() {
        assert!(matches!(load(&format!("{LEAST}[http]\nlisen = \"x\"\n"), &[]), Err(ConfigError::Read(_))));
        let bad = format!(
            "{LEAST}[http]\nbody_bytes_max = 0\n[database]\nconnections_max = 0\nurl = \"mysql://x\"\n"
        );
        let Err(ConfigError::Invalid(faults)) = load(&bad, &[]) else { panic!("it was taken") };
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn secrets_print_nothing() {
        let file = format!("{LEAST}[database]\nurl = \"postgres://u:hunter2@h/d\"\n");
        assert!(!format!("{:?}", load(&file, &[]).unwrap()).contains("hunter2"));
    }
}
