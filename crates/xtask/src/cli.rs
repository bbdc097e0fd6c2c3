//! The tasks and their arguments.

use crate::stage::Stages;
use crate::workspace::Workspace;
use crate::{ai_table, ci, floors, formats, freeze, openapi, oracles, sqlx, testing, tidy, up};
use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Tasks of the Theriac workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Start four organisations, run one real shipment, and leave them running until Ctrl-C
    Up {
        /// Options of the network program (`cargo xtask up --help` lists them)
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure a network of four organisations and print one table
    Bench {
        /// Options of the network program (`cargo xtask bench --help` lists them)
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure how fast element strings and EPCIS documents are read and written, and in how much memory
    BenchFormats,
    /// Run all tests, or those that the arguments to `cargo test` select
    Test {
        /// Arguments to `cargo test`, such as `-p store`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every check of continuous integration, then the tests
    Ci,
    /// Write openapi/<service>.json from the services
    Openapi {
        /// Compare instead of writing
        #[arg(long)]
        check: bool,
    },
    /// Write .sqlx/, the metadata of the checked queries
    Sqlx {
        /// Compare instead of writing
        #[arg(long)]
        check: bool,
    },
    /// Check who imports whom, and the house rules
    Floors,
    /// List the new migrations as never to change again
    Freeze,
    /// Install the independent implementations that tests compare with
    Oracles,
    /// Write the table of application identifiers from a GS1 Barcode Syntax Dictionary
    AiTable {
        /// The dictionary, `gs1-syntax-dictionary.txt`
        dictionary: PathBuf,
    },
}

/// Runs the chosen task.
pub fn run(cli: Cli) -> Result<()> {
    let workspace = Workspace::load()?;
    match cli.task {
        Task::Up { arguments } => up::network(&workspace, "up", &arguments),
        Task::Bench { arguments } => up::network(&workspace, "bench", &arguments),
        Task::BenchFormats => formats::bench(&workspace),
        Task::Test { arguments } => {
            let mut stages = Stages::new();
            let tested = testing::run_all(&workspace, &mut stages, &arguments);
            stages.finish()?;
            tested
        }
        Task::Ci => ci::run_all(&workspace),
        Task::Openapi { check } => {
            openapi::build(&workspace)?;
            if check { openapi::check(&workspace) } else { openapi::write(&workspace) }
        }
        Task::Sqlx { check: true } => sqlx::check(&workspace),
        Task::Sqlx { check: false } => sqlx::write(&workspace),
        Task::Floors => {
            // All three are told, whichever fails first.
            let mut stages = Stages::new();
            stages.check("floors", || floors::check(&workspace));
            stages.check("tidy", || tidy::check(&workspace));
            stages.check("migrations", || freeze::check(&workspace, false));
            stages.finish()
        }
        Task::Freeze => freeze::freeze(&workspace),
        Task::Oracles => oracles::install(&workspace),
        Task::AiTable { dictionary } => ai_table::write(&workspace, &dictionary),
    }
}
