//! A network of organisations: PostgreSQL, keys, genesis, configuration, and one service each.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use e2e::{Network, OrganisationSpec};
//!
//! let mut network = Network::builder().organisations(OrganisationSpec::four()).start().await?;
//! network.service("pharmacy")?.kill9().await?;
//! network.service("pharmacy")?.restart().await?;
//! network.stop().await
//! # }
//! ```

use anyhow::{Context as _, Result, anyhow, bail};
use ledger::{Genesis, PublicKey};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::embedded::{Cluster, ClusterConfig, StopMode};

use crate::bench::database::connection;
use crate::configuration::ServiceFile;
use crate::genesis::{genesis, signing_key, write_private};
use crate::organisation::OrganisationSpec;
use crate::ports::{self, PortTable};
use crate::process::stop_left_over;
use crate::service::Service;
use crate::state::StateDir;
use crate::until::until;

/// How PostgreSQL is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clusters {
    /// One server with a database and a role per organisation.
    Shared,
    /// One server per organisation, so that one can be stopped.
    PerOrganisation,
}

/// What a network is made of.
pub struct NetworkBuilder {
    organisations: Vec<OrganisationSpec>,
    state: Option<PathBuf>,
    clusters: Clusters,
    databases: BTreeMap<String, String>,
    more: String,
    progress: Box<dyn Fn(&str) + Send + Sync>,
}

impl NetworkBuilder {
    /// These organisations, numbered from 1 in their order.
    pub fn organisations(mut self, organisations: Vec<OrganisationSpec>) -> Self {
        self.organisations = organisations;
        self
    }

    /// Keeps everything in this folder, and goes on from what is there. Otherwise a temporary folder is used.
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Shares PostgreSQL out.
    pub fn clusters(mut self, clusters: Clusters) -> Self {
        self.clusters = clusters;
        self
    }

    /// Uses this database for one organisation instead of one in a private cluster.
    pub fn database(mut self, organisation: &str, url: &str) -> Self {
        self.databases.insert(organisation.to_owned(), url.to_owned());
        self
    }

    /// Further configuration of every service: TOML tables, see [`ServiceFile::more`].
    pub fn configuration(mut self, toml: &str) -> Self {
        toml.clone_into(&mut self.more);
        self
    }

    /// Tells what is being done.
    pub fn progress(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.progress = Box::new(tell);
        self
    }

    /// Starts everything and waits until every service is ready.
    ///
    /// # Errors
    /// Whatever could not be started, with its reason; what had been started is stopped.
    pub async fn start(self) -> Result<Network> {
        let mut network = self.prepare().await?;
        for service in &mut network.services {
            service.start()?;
        }
        for service in &mut network.services {
            let took = service.ready().await?;
            (self.progress)(&format!("{} is ready after {:.1} s", service.spec.name, took.as_secs_f64()));
        }
        Ok(network)
    }

    /// Everything up to the services' start: databases migrated, keys, genesis and configuration written.
    ///
    /// # Errors
    /// Whatever could not be done, with its reason.
    pub async fn prepare(&self) -> Result<Network> {
        let (state, temporary) = self.open_state()?;
        self.check_databases().await?;
        let names: Vec<&str> = self.organisations.iter().map(|spec| spec.name.as_str()).collect();
        for name in &names {
            if stop_left_over(&state.join(name)).await? {
                (self.progress)(&format!("stopped {name}, left over from a run that was killed"));
            }
        }
        let members = self.keys(&state)?;
        let genesis = self.genesis(&state, &members)?;
        let ports = ports::choose(&state.join("ports.json"), &names)?;
        let mut network = Network {
            clusters: BTreeMap::new(),
            services: Vec::new(),
            genesis,
            state,
            _temporary: temporary,
        };
        for ((id, spec), (_, key)) in (1u32..).zip(&self.organisations).zip(&members) {
            let database_url = self.database_of(&mut network, spec).await?;
            let service = self.service(&network, &ports, id, spec, *key, &members, database_url).await?;
            network.services.push(service);
        }
        Ok(network)
    }

    /// Checks that every database that was named is that of an organisation, and answers.
    ///
    /// # Errors
    /// The first that is not or does not.
    pub async fn check_databases(&self) -> Result<()> {
        for (name, url) in &self.databases {
            let known: Vec<&str> = self.organisations.iter().map(|spec| spec.name.as_str()).collect();
            if !known.contains(&name.as_str()) {
                bail!("no organisation is named {name}; there are {}", known.join(", "));
            }
            let seconds = DATABASE_ANSWERS_MAX.as_secs();
            tokio::time::timeout(DATABASE_ANSWERS_MAX, connection(url))
                .await
                .map_err(|_| anyhow!("it does not answer within {seconds} s"))
                .and_then(|connected| connected)
                .with_context(|| format!("cannot use the database named for {name}"))?;
        }
        Ok(())
    }

    fn open_state(&self) -> Result<(StateDir, Option<tempfile::TempDir>)> {
        if let Some(path) = &self.state {
            return Ok((StateDir::open(path)?, None));
        }
        let folder = tempfile::Builder::new().prefix("theriac-").tempdir().context("no temporary folder")?;
        // The account that runs PostgreSQL must pass through; what is secret inside has its own mode.
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        Ok((StateDir::open(folder.path())?, Some(folder)))
    }

    fn keys(&self, state: &StateDir) -> Result<Vec<(&OrganisationSpec, PublicKey)>> {
        let mut members = Vec::new();
        for spec in &self.organisations {
            let folder = state.join(&spec.name);
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
            members.push((spec, signing_key(&folder)?));
        }
        Ok(members)
    }

    /// The genesis of an earlier run, when it has the same members; otherwise a new one, on new state only.
    fn genesis(&self, state: &StateDir, members: &[(&OrganisationSpec, PublicKey)]) -> Result<Genesis> {
        let path = state.join("genesis.json");
        if !path.exists() {
            let genesis = genesis("theriac example", crate::now_ms(), members)?;
            let text = serde_json::to_string_pretty(&genesis)?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            (self.progress)(&format!("wrote {}", path.display()));
            return Ok(genesis);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let found: Genesis =
            serde_json::from_str(&text).with_context(|| format!("{} is no genesis", path.display()))?;
        let wanted = genesis(&found.name, found.time_ms, members)?;
        if wanted != found {
            bail!("{} was made for other organisations or rules; start anew with --reset", path.display());
        }
        Ok(found)
    }

    async fn database_of(&self, network: &mut Network, spec: &OrganisationSpec) -> Result<String> {
        if let Some(url) = self.databases.get(&spec.name) {
            return Ok(url.clone());
        }
        let (name, folder) = match self.clusters {
            Clusters::Shared => (SHARED, network.state.path().to_owned()),
            Clusters::PerOrganisation => (spec.name.as_str(), network.state.join(&spec.name)),
        };
        if !network.clusters.contains_key(name) {
            let cluster = Cluster::start(&cluster_config(folder)).await?;
            (self.progress)(&format!(
                "PostgreSQL {} runs in {}",
                cluster.binaries().major,
                cluster.data_dir().display()
            ));
            network.clusters.insert(name.to_owned(), cluster);
        }
        let cluster = network.clusters.get(name).context("the cluster was just started")?;
        cluster.create_database(&spec.name, &spec.name).await?;
        Ok(cluster.url(&spec.name, &spec.name))
    }

    #[expect(clippy::too_many_arguments, reason = "everything that one service's files are made of, once")]
    async fn service(
        &self,
        network: &Network,
        table: &PortTable,
        id: u32,
        spec: &OrganisationSpec,
        key: PublicKey,
        members: &[(&OrganisationSpec, PublicKey)],
        database_url: String,
    ) -> Result<Service> {
        let folder = network.state.join(&spec.name);
        let ports = *table.get(&spec.name).context("ports were chosen for every organisation")?;
        let peers: Vec<_> = members
            .iter()
            .filter(|(_, other)| *other != key)
            .filter_map(|(other, other_key)| Some((*table.get(&other.name)?, *other_key)))
            .collect();
        let file = ServiceFile {
            organisation: id,
            name: &spec.title,
            folder: &folder,
            genesis: &network.genesis_file(),
            database_url: &database_url,
            ports,
            peers: &peers,
            more: &self.more,
        };
        file.write()?;
        let mut service = Service {
            spec: spec.clone(),
            id,
            ports,
            database_url,
            folder,
            api_key: String::new(),
            process: None,
        };
        service.run(&["migrate"]).await?;
        service.api_key = api_key(&service).await?;
        Ok(service)
    }
}

/// The API key for a client with every permission at the organisation's last site, made once and kept beside the configuration.
async fn api_key(service: &Service) -> Result<String> {
    let file = service.folder.join("api-key");
    if let Ok(kept) = fs::read_to_string(&file) {
        return Ok(kept.trim().to_owned());
    }
    let every: Vec<&str> = api::auth::Permission::ALL.iter().map(|permission| permission.name()).collect();
    let (permissions, site) = (every.join(","), service.spec.site());
    let arguments =
        ["keys", "create-client", "--name", "operator", "--permissions", &permissions, "--site", site];
    let printed = service.run(&arguments).await?;
    let key = printed.trim().to_owned();
    write_private(&file, &key)?;
    Ok(key)
}

/// How long a database that was named may take to answer: shorter than a service may take to be ready.
const DATABASE_ANSWERS_MAX: Duration = Duration::from_secs(10);

const SHARED: &str = "shared";

pub(crate) fn cluster_config(folder: PathBuf) -> ClusterConfig {
    ClusterConfig {
        bin_dir: std::env::var_os("THERIAC_POSTGRES_BIN").map(PathBuf::from),
        ..ClusterConfig::new(folder)
    }
}

/// A running network.
#[derive(Debug)]
pub struct Network {
    services: Vec<Service>,
    clusters: BTreeMap<String, Cluster>,
    genesis: Genesis,
    state: StateDir,
    _temporary: Option<tempfile::TempDir>,
}

impl Network {
    /// A network of the four organisations of `cargo xtask up`, unless told otherwise.
    pub fn builder() -> NetworkBuilder {
        NetworkBuilder {
            organisations: OrganisationSpec::four(),
            state: None,
            clusters: Clusters::Shared,
            databases: BTreeMap::new(),
            more: String::new(),
            progress: Box::new(|_| {}),
        }
    }

    /// The service of this organisation.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn service(&mut self, name: &str) -> Result<&mut Service> {
        let found = self.services.iter_mut().find(|service| service.spec.name == name);
        found.with_context(|| format!("no organisation is named {name}"))
    }

    /// All services, in the order of their organisations.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// All services, in the order of their organisations.
    pub fn services_mut(&mut self) -> &mut [Service] {
        &mut self.services
    }

    /// The PostgreSQL server of this organisation, when each has its own.
    ///
    /// # Errors
    /// When it has none.
    pub fn cluster(&self, organisation: &str) -> Result<&Cluster> {
        self.clusters
            .get(organisation)
            .with_context(|| format!("{organisation} has no PostgreSQL of its own"))
    }

    /// The PostgreSQL servers that this network started.
    pub fn clusters(&self) -> impl Iterator<Item = &Cluster> {
        self.clusters.values()
    }

    /// Starts the PostgreSQL server of this organisation again, after it was stopped.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_cluster(&mut self, organisation: &str) -> Result<()> {
        self.cluster(organisation)?;
        let cluster = Cluster::start(&cluster_config(self.state.join(organisation))).await?;
        self.clusters.insert(organisation.to_owned(), cluster);
        Ok(())
    }

    /// The genesis.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The genesis file: all that a verifier has to trust.
    pub fn genesis_file(&self) -> PathBuf {
        self.state.join("genesis.json")
    }

    /// The folder with everything.
    pub fn folder(&self) -> &Path {
        self.state.path()
    }

    /// Waits until all running services have indexed the highest head among them, and checks that they have the same
    /// block there. Says height and hash.
    ///
    /// # Errors
    /// When they do not get there within the bound, or differ.
    pub async fn agree(&self, within: Duration) -> Result<(u64, String)> {
        let running: Vec<&Service> =
            self.services.iter().filter(|service| service.process.is_some()).collect();
        let mut height = 0;
        for service in &running {
            height = height.max(service.head().await?.0);
        }
        let mut agreed: Option<String> = None;
        for service in running {
            service.reaches(height, within).await?;
            let hash = service.block(height).await?["hash"].as_str().unwrap_or_default().to_owned();
            match &agreed {
                Some(other) if *other != hash => {
                    bail!("{} has another block at height {height}", service.spec.name)
                }
                _ => agreed = Some(hash),
            }
        }
        Ok((height, agreed.context("no service runs")?))
    }

    /// Stops everything in order: services first, PostgreSQL last.
    ///
    /// # Errors
    /// The first thing that did not stop in order; the rest is stopped all the same.
    pub async fn stop(mut self) -> Result<()> {
        let mut first = Ok(());
        let mut stops = Vec::new();
        for service in &mut self.services {
            stops.push(service.stop());
        }
        for stopped in futures::future::join_all(stops).await {
            first = first.and(stopped);
        }
        for cluster in std::mem::take(&mut self.clusters).into_values() {
            first = first.and(cluster.stop(StopMode::Fast).await.map_err(Into::into));
        }
        first
    }
}

/// A network that is dropped without [`Network::stop`], by a test that failed, leaves no server behind. Services die
/// with their handles; PostgreSQL outlives its starter, so it is told to stop at once.
impl Drop for Network {
    fn drop(&mut self) {
        for cluster in self.clusters.values() {
            let pid_file = cluster.data_dir().join("postmaster.pid");
            let pid =
                fs::read_to_string(&pid_file).ok().and_then(|text| text.lines().next()?.trim().parse().ok());
            if let Some(pid) = pid.and_then(Pid::from_raw) {
                // Gone already is what is wanted.
                let _ = kill_process(pid, Signal::QUIT);
            }
        }
    }
}

/// Waits until a service answers a request with success, such as after its database came back.
///
/// # Errors
/// When it does not within the bound.
pub async fn answers(service: &Service, path: &str, within: Duration) -> Result<()> {
    let client = service.client()?;
    until(&format!("{} to answer {path}", service.spec.name), within, || async {
        Ok(client.get(path).await.is_ok_and(|answer| answer.status.is_success()).then_some(()))
    })
    .await
}
