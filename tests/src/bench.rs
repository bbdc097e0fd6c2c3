//! `cargo xtask bench`: figures of a network of four, each beside its limit measured in the same run, in one table.
//!
//! Services are those that `cargo xtask up` starts, with the configuration that it writes, reached over HTTP. What is
//! read directly is only what HTTP cannot tell: when each node's database had a block, and what it holds afterwards.

pub mod anchored;
pub mod authenticate;
pub mod capture;
pub mod changes;
pub mod data;
pub mod database;
pub mod finals;
pub mod http;
pub mod idle;
pub mod load;
pub mod pgbench;
pub mod plain;
pub mod processes;
pub mod quantiles;
pub mod queries;
pub mod report;
pub mod run;
pub mod transactions;

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::time::Instant;

use crate::Network;
use crate::state::default_path;
use processes::Usage;
use report::{Report, Row};
use run::Run;
use transactions::Transactions;

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Measure these rows alone
    #[arg(long, value_enum, value_name = "NAME")]
    only: Vec<Family>,
    /// Seconds of one measurement; idle takes twice as long, 2/s four times
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Packs that the pharmacy knows when it authenticates, and events among which queries look
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
    records: u64,
    /// Write all figures there, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Tell the services' database transactions by name, too; costs them some log lines
    #[arg(long)]
    trace: bool,
    /// Folder for everything, emptied before and deleted after; by default one per clone
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The clone that the state belongs to
    #[arg(long, env = "THERIAC_ROOT", default_value = ".", hide = true)]
    root: PathBuf,
}

/// Rows that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    /// What a service uses without work
    Idle,
    /// Documents made durable
    Capture,
    /// Packs final at four nodes
    Anchored,
    /// Dispenses
    Changes,
    /// Look-ups
    Authenticate,
    /// Event queries
    Queries,
}

/// All families in the order in which they are measured: rest before load, and the table that grows most last.
const FAMILIES: [Family; 6] =
    [Family::Idle, Family::Capture, Family::Anchored, Family::Changes, Family::Authenticate, Family::Queries];

impl Family {
    fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Capture => "capture",
            Self::Anchored => "anchored",
            Self::Changes => "changes",
            Self::Authenticate => "authenticate",
            Self::Queries => "queries",
        }
    }

    async fn rows(self, run: &mut Run) -> Vec<Row> {
        let rows = match self {
            Self::Idle => Ok(idle::rows(run).await),
            Self::Capture => capture::rows(run).await,
            Self::Anchored => Ok(anchored::rows(run).await),
            Self::Changes => changes::rows(run).await,
            Self::Authenticate => Ok(authenticate::rows(run).await),
            Self::Queries => queries::rows(run).await,
        };
        rows.unwrap_or_else(|why| vec![Row::not_taken(self.name(), "", &why)])
    }
}

/// A change of state is answered when it is final, however late: cut off at the default of 250 ms, the slow ones would
/// be missing in the quantiles.
const PATIENT: &str = "[node.timing]\nanswer_ms = 20000\n";

/// Measures and prints the table.
///
/// # Errors
/// When the network does not start or stop; a row that cannot be measured says so in the table.
pub async fn bench(arguments: Arguments) -> Result<()> {
    let path = match &arguments.state {
        Some(path) => path.clone(),
        None => {
            let own = default_path(&arguments.root)?;
            own.with_file_name(format!("{}-bench", own.file_name().unwrap_or_default().to_string_lossy()))
        }
    };
    Network::reset(&path).await?;
    let started = Instant::now();
    let tell = move |text: &str| println!("{:>7.1} s  {text}", started.elapsed().as_secs_f64());
    let traced = if arguments.trace { transactions::CONFIGURATION } else { "" };
    let more = format!("{PATIENT}{traced}");
    let network = Network::builder().state(&path).configuration(&more).progress(tell).start().await?;
    let mut run = Run::new(network, arguments.seconds, arguments.records).await?;
    let report = measure(&mut run, &arguments, &tell).await?;
    println!("\n{}", report.text());
    if let Some(file) = &arguments.json {
        let text = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    run.end().await.stop().await?;
    Network::reset(&path).await
}

async fn measure(run: &mut Run, arguments: &Arguments, tell: &dyn Fn(&str)) -> Result<Report> {
    let mut report =
        Report { about: about(run), rows: Vec::new(), cores: Vec::new(), transactions: Vec::new() };
    let wanted = |family: &Family| arguments.only.is_empty() || arguments.only.contains(family);
    for family in FAMILIES.into_iter().filter(wanted) {
        tell(&format!("measuring: {}", family.name()));
        let before = Usage::now(&run.network);
        report.rows.extend(family.rows(run).await);
        report.cores.push((family.name(), Usage::now(&run.network).since(&before)));
    }
    report.about.push(("resident at the end", idle::memory(run)));
    if arguments.trace {
        for service in run.network.services() {
            report.transactions.push(Transactions::read(&service.spec.name, &service.log_file())?);
        }
    }
    Ok(report)
}

/// What the figures depend on besides the program.
fn about(run: &Run) -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let mut about = vec![
        ("machine", format!("{cores} cores for all: load generator, four services, PostgreSQL")),
        ("build", format!("profile {profile}, {} s a measurement", run.seconds)),
    ];
    match sync_time(run.network.folder()) {
        Ok(p50) => about.push(("fdatasync of 8 kB where the state is", format!("p50 {p50:.2} ms"))),
        Err(why) => about.push(("fdatasync", format!("not measured: {why:#}"))),
    }
    about
}

/// The median time of writing 8 kB and forcing them onto the disk, in milliseconds.
fn sync_time(folder: &std::path::Path) -> Result<f64> {
    use std::io::{Seek as _, Write as _};
    const TIMES: usize = 100;
    let path = folder.join("sync-time");
    let mut file = std::fs::File::create(&path)?;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let start = Instant::now();
        file.rewind()?;
        file.write_all(&[7; 8_192])?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    std::fs::remove_file(&path)?;
    quantiles::Quantiles::of(times).ms(500).context("no samples")
}
