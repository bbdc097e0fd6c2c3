//! The command line that all four executables have.

mod keys;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use store::PgPool;
use tokio::signal::unix::{SignalKind, signal};

use self::keys::Keys;
use super::lifecycle::{Parts, Roles, start};
use super::{ServiceDefinition, ServiceError};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::{openapi, telemetry};

/// How long a start waits for the database: longer than PostgreSQL takes to replay after a crash on a busy machine.
const DATABASE_WAIT_MAX: Duration = Duration::from_secs(60);
const DATABASE_WAIT_STEP: Duration = Duration::from_millis(250);

#[derive(Debug, Parser)]
struct Cli {
    /// Configuration file (TOML).
    #[arg(long, short, env = "THERIAC_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, with the ledger node beside it.
    Serve {
        /// Serve the API alone, as a replica.
        #[arg(long)]
        no_node: bool,
    },
    /// Run the ledger node alone, with health and metrics.
    Node,
    /// Bring the database's schema to this program's version.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Signing key and API keys.
    #[command(subcommand)]
    Keys(Keys),
}

/// Runs the executable: reads the command line, does what it says, prints the chain of causes when it fails.
#[must_use]
pub fn run(definition: &ServiceDefinition) -> ExitCode {
    let command =
        Cli::command().name(definition.name).about(definition.title).version(env!("CARGO_PKG_VERSION"));
    let cli = match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServiceError::from)
        .and_then(|runtime| runtime.block_on(execute(definition, cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "{}: {}", definition.name, chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes in one line, without repeating what a cause already said.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

async fn execute(definition: &ServiceDefinition, cli: Cli) -> Result<(), ServiceError> {
    let file = cli.config.as_deref();
    match cli.command {
        Command::Openapi => {
            let text = openapi::text(definition).map_err(std::io::Error::from)?;
            print(&text)
        }
        Command::Serve { no_node: false } => serve(definition, file, Roles::ApiAndNode).await,
        Command::Serve { no_node: true } => serve(definition, file, Roles::Api).await,
        Command::Node => serve(definition, file, Roles::Node).await,
        Command::Migrate => {
            let config = Config::load(file)?;
            store::migrate(&connect(definition, &config).await?).await?;
            print(&format!("schema version {}\n", store::version()))
        }
        Command::Keys(command) => keys::run(definition, file, command).await,
    }
}

fn print(text: &str) -> Result<(), ServiceError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(ServiceError::from)
}

async fn serve(
    definition: &ServiceDefinition,
    file: Option<&Path>,
    roles: Roles,
) -> Result<(), ServiceError> {
    let config = Config::load(file)?;
    telemetry::start_logging(&config.telemetry)?;
    let signing_key = match (&config.keys, roles) {
        (Some(keys), Roles::ApiAndNode | Roles::Node) => Some(crate::keys::load(keys)?.into()),
        _ => None,
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let pool = connect(definition, &config).await?;
    store::check(&pool).await?;
    let parts = Parts {
        config: Arc::new(config),
        pool,
        clock: Arc::new(SystemClock::new()),
        entropy: entropy()?,
        signing_key,
    };
    let running = start(definition, roles, parts).await?;
    let asked = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    running.run_until(asked).await
}

/// Opens the pool, waiting for a database that is just starting.
async fn connect(definition: &ServiceDefinition, config: &Config) -> Result<PgPool, ServiceError> {
    let database = store::DatabaseConfig {
        connections_max: config.database.connections_max,
        acquire_timeout: Duration::from_millis(config.database.acquire_timeout_ms),
        application_name: format!("theriac {}", definition.name),
        ..store::DatabaseConfig::new(config.database_url()?.expose())
    };
    let waiting_since = tokio::time::Instant::now();
    loop {
        match store::connect(&database).await {
            Err(error) if error.is_transient() && waiting_since.elapsed() < DATABASE_WAIT_MAX => {
                tracing::warn!(error = chain(&error), "waiting for the database");
                tokio::time::sleep(DATABASE_WAIT_STEP).await;
            }
            outcome => return Ok(outcome?),
        }
    }
}

fn entropy() -> Result<Entropy, ServiceError> {
    Entropy::system().map_err(|error| ServiceError::System(std::io::Error::other(error)))
}
