//! `keys`: the signing key of the organisation, and the API keys of its clients.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use gs1::Gln;
use store::PgPool;
use store::api_client::ApiClient;
use uuid::Uuid;

use super::super::{ServiceDefinition, ServiceError};
use super::{chain, connect, entropy, print};
use crate::auth::{ApiKey, Permissions};
use crate::clock::{Clock as _, SystemClock, moment};
use crate::config::{Config, KeysConfig, Secret};
use crate::directory::SharedDirectory;
use crate::keys;
use crate::limits::TEXT_CHARS_MAX;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Draw a signing key and write it, encrypted, to a new file. Prints the public key.
    GenerateSigning {
        /// Where to write it.
        #[arg(long)]
        out: PathBuf,
        /// File whose first line is the passphrase; THERIAC__KEYS__PASSPHRASE otherwise.
        #[arg(long)]
        passphrase_file: Option<PathBuf>,
    },
    /// Print the public key of the configured signing key.
    Public,
    /// Make an API key. Prints it once; only its hash is stored.
    CreateClient {
        /// What to call the client.
        #[arg(long)]
        name: String,
        /// Permissions, with commas between them.
        #[arg(long, value_delimiter = ',', required = true)]
        permissions: Vec<String>,
        /// GLN of the only place it acts for.
        #[arg(long)]
        site: Option<String>,
    },
    /// List the clients.
    ListClients,
    /// Revoke a client's API key.
    RevokeClient {
        /// The client.
        #[arg(long)]
        id: Uuid,
    },
}

/// Does what `keys …` says.
///
/// # Errors
/// [`ServiceError`].
pub(super) async fn run(
    definition: &ServiceDefinition,
    file: Option<&Path>,
    command: Keys,
) -> Result<(), ServiceError> {
    match command {
        Keys::GenerateSigning { out, passphrase_file } => {
            let config = KeysConfig {
                file: out,
                passphrase: passphrase_file.is_none().then(passphrase_from_environment).flatten(),
                passphrase_file,
            };
            let key = keys::generate(&config.file, &keys::passphrase(&config)?, &mut entropy()?)?;
            print(&format!("{}\n", keys::public_hex(&key)))
        }
        Keys::Public => {
            let config = Config::load(file)?;
            let named =
                config.keys.ok_or_else(|| ServiceError::Usage("[keys] is not configured".to_owned()))?;
            print(&format!("{}\n", keys::public_hex(&keys::load(&named)?)))
        }
        Keys::CreateClient { name, permissions, site } => {
            let config = Config::load(file)?;
            let pool = connect(definition, &config).await?;
            let site = site.as_deref().map(Gln::new).transpose();
            let site = site.map_err(|error| ServiceError::Usage(chain(&error)))?;
            if let Some(site) = &site {
                check_site(&config, &pool, site).await?;
            }
            let (id, key) = create_client(&pool, &name, &permissions, site).await?;
            // To people, not to the script that keeps the key.
            let _closed = writeln!(std::io::stderr(), "client {id}; its key is shown this once");
            print(&format!("{}\n", key.expose()))
        }
        Keys::ListClients => list_clients(&connect(definition, &Config::load(file)?).await?).await,
        Keys::RevokeClient { id } => {
            let pool = connect(definition, &Config::load(file)?).await?;
            let mut conn = pool.acquire().await.map_err(store::Error::from)?;
            let done = store::api_client::revoke(&mut conn, id, moment(SystemClock::new().now_ms())).await?;
            let none = || ServiceError::Usage(format!("no client {id} with a key in force"));
            done.then_some(()).ok_or_else(none)
        }
    }
}

fn passphrase_from_environment() -> Option<Secret> {
    std::env::var("THERIAC__KEYS__PASSPHRASE").ok().map(Secret::new)
}

/// Refuses a site that is not this organisation's: by the directory in the database, or by the genesis file before the
/// node wrote it there. Where there is neither, the site is checked at each request only.
async fn check_site(config: &Config, pool: &PgPool, site: &Gln) -> Result<(), ServiceError> {
    let own = config.organisation.id;
    let directory = SharedDirectory::default();
    directory.refresh(pool).await.map_err(|problem| ServiceError::Usage(problem.to_string()))?;
    let owner = match (directory.current(), &config.node) {
        (Ok(view), _) => view.directory.organisation_at(site).map(|owner| owner.id.0),
        (Err(_), Some(node)) if node.genesis_file.exists() => {
            let genesis = crate::genesis::read(&node.genesis_file)
                .map_err(|error| ServiceError::Usage(chain(&error)))?;
            genesis.directory().organisation_at(site).map(|owner| owner.id.0)
        }
        _ => return Ok(()),
    };
    if owner == Some(own) {
        return Ok(());
    }
    Err(ServiceError::Usage(format!("{site} is no site of organisation {own} in the directory")))
}

fn is_name(name: &str) -> bool {
    (1..=TEXT_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
}

async fn create_client(
    pool: &PgPool,
    name: &str,
    permissions: &[String],
    site: Option<Gln>,
) -> Result<(Uuid, ApiKey), ServiceError> {
    if !is_name(name) {
        let message =
            format!("a client's name has 1 to {TEXT_CHARS_MAX} characters, none of them a control character");
        return Err(ServiceError::Usage(message));
    }
    let usage = |error: &dyn Error| ServiceError::Usage(error.to_string());
    let permissions = Permissions::of_names(permissions).map_err(|error| usage(&error))?;
    let (entropy, now_ms) = (entropy()?, SystemClock::new().now_ms());
    let key = ApiKey::generate(&entropy);
    let client = ApiClient {
        id: entropy.uuid_v7(now_ms),
        name: name.to_owned(),
        site_gln: site.map(|gln| gln.as_str().to_owned()),
        permissions: permissions.names(),
        created_at: moment(now_ms),
        revoked_at: None,
    };
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    store::api_client::insert(&mut conn, &client, key.hash().as_bytes()).await?;
    Ok((client.id, key))
}

async fn list_clients(pool: &PgPool) -> Result<(), ServiceError> {
    let mut conn = pool.acquire().await.map_err(store::Error::from)?;
    for client in store::api_client::list(&mut conn).await? {
        let state = if client.revoked_at.is_some() { "revoked" } else { "in force" };
        let site = client.site_gln.as_deref().unwrap_or("every site");
        print(&format!(
            "{}\t{state}\t{site}\t{}\t{}\n",
            client.id,
            client.permissions.join(","),
            client.name
        ))?;
    }
    Ok(())
}
