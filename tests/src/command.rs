//! The command line of `network`: what `cargo xtask up` and `cargo xtask bench` start.

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};
use std::cell::Cell;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

use crate::bench;
use crate::journey::{Journey, Outcome, Step};
use crate::network::{Network, NetworkBuilder};
use crate::state::default_path;

/// Networks of real services on this machine.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start four organisations, run one real shipment, and leave them running until Ctrl-C
    Up(Up),
    /// Measure a network of four, each figure beside its limit, and print one table
    Bench(bench::Arguments),
}

#[derive(Args)]
struct Up {
    /// Run the shipment, stop everything, and exit by its outcome
    #[arg(long)]
    once: bool,
    /// Delete what earlier runs left, and start a new chain
    #[arg(long)]
    reset: bool,
    /// Folder for everything that is kept; by default one per clone
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// A database to use instead of one in the private PostgreSQL, as ORGANISATION=postgres://…
    #[arg(long, value_name = "ORGANISATION=URL")]
    database: Vec<String>,
    /// The clone that the state belongs to
    #[arg(long, env = "THERIAC_ROOT", default_value = ".", hide = true)]
    root: PathBuf,
}

/// Runs the chosen command.
///
/// # Errors
/// What could not be done, with its reason.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Task::Up(arguments) => up(arguments).await,
        Task::Bench(arguments) => {
            let mut interrupt = Interrupt::listen()?;
            tokio::select! {
                measured = bench::bench(arguments) => measured,
                // Dropped, the network stops at once; the next run cleans up.
                () = interrupt.wait() => bail!("interrupted"),
            }
        }
    }
}

async fn up(arguments: Up) -> Result<()> {
    let path = match &arguments.state {
        Some(path) => path.clone(),
        None => default_path(&arguments.root)?,
    };
    let mut interrupt = Interrupt::listen()?;
    let started = Instant::now();
    let builder = with_databases(Network::builder().state(&path), &arguments.database)?
        .progress(move |text| println!("{:>7.1} s  {text}", started.elapsed().as_secs_f64()));
    let prepared = async {
        // Before anything is deleted.
        builder.check_databases().await?;
        if arguments.reset {
            Network::reset(&path).await?;
            println!("deleted {}", path.display());
        }
        anyhow::Ok(())
    };
    tokio::select! {
        prepared = prepared => prepared?,
        () = interrupt.wait() => bail!("interrupted"),
    }
    let mut network = tokio::select! {
        network = builder.start() => network?,
        () = interrupt.wait() => {
            // Dropped, the start has let go of the folder; a server that it was just starting may run.
            Network::stop_left_over(&path).await?;
            bail!("interrupted")
        }
    };
    let ok = Cell::new(0);
    let outcome = tokio::select! {
        outcome = serve(&mut network, arguments.once, &ok) => outcome,
        () = interrupt.wait() => Ok(arguments.once.then(|| Journey::interrupted(ok.get()))),
    };
    println!("\nstopping the services, then PostgreSQL");
    let stopped = tokio::select! {
        stopped = network.stop() => stopped,
        () = interrupt.wait() => bail!("interrupted again: killed what was left"),
    };
    if stopped.is_ok() {
        println!(
            "everything is stopped; `cargo xtask up` goes on from here, `cargo xtask up --reset` starts anew"
        );
    }
    let outcome = outcome?;
    stopped?;
    match outcome {
        Some(Outcome { failure: Some(failure), steps, ok }) => {
            eprintln!("error: {failure:#}");
            let line = Outcome { failure: None, steps, ok }.line();
            println!("{line}");
            bail!("the shipment did not arrive")
        }
        Some(outcome) => println!("{}", outcome.line()),
        None => {}
    }
    Ok(())
}

/// Runs the shipment; then, unless that was all, tells where everything is and stays until it is dropped.
async fn serve(network: &mut Network, once: bool, ok: &Cell<usize>) -> Result<Option<Outcome>> {
    let outcome = travel(network, ok).await?;
    table(network);
    if once {
        return Ok(Some(outcome));
    }
    if let Some(failure) = &outcome.failure {
        println!("\nthe shipment did not arrive: {failure:#}");
    }
    println!("\nCtrl-C stops everything");
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for service in network.services_mut() {
            if let Some(status) = service.ended()? {
                println!("{} ended with {status}; see {}", service.spec.name, service.log_file().display());
            }
        }
    }
}

/// Runs one shipment, printing each step as it becomes final and counting it.
async fn travel(network: &Network, ok: &Cell<usize>) -> Result<Outcome> {
    println!("\n{:<14} {:>9} {:>8}  what happened", "who", "block", "ms");
    let journey = Journey::draw(network, crate::now_ms())?;
    let tell = |step: &Step| {
        ok.set(ok.get() + 1);
        let block = step.block.map_or_else(|| "-".to_owned(), |height| height.to_string());
        println!("{:<14} {:>9} {:>8}  {}", step.who, block, step.milliseconds, step.what);
    };
    Ok(journey.run(&tell).await)
}

/// Where everything is, and with which key.
fn table(network: &Network) {
    println!("\n{:<14} {:<24} API key", "organisation", "address");
    for service in network.services() {
        println!("{:<14} {:<24} {}", service.spec.name, service.base_url(), service.api_key());
    }
    println!("\ngenesis   {}", network.genesis_file().display());
    println!("logs      {}/<organisation>/service.log", network.folder().display());
    println!("API pages <address>/docs/");
}

fn with_databases(mut builder: NetworkBuilder, databases: &[String]) -> Result<NetworkBuilder> {
    for pair in databases {
        let (name, url) = pair.split_once('=').context("--database wants ORGANISATION=URL")?;
        builder = builder.database(name, url);
    }
    Ok(builder)
}

/// Ctrl-C, or another program that wants us to stop.
struct Interrupt {
    signals: [tokio::signal::unix::Signal; 3],
}

impl Interrupt {
    fn listen() -> Result<Self> {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [interrupt, terminate, hangup] = kinds.map(signal);
        Ok(Self { signals: [interrupt?, terminate?, hangup?] })
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
