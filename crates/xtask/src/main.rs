#![doc = include_str!("../README.md")]

mod ai_table;
mod apt;
mod ci;
mod cli;
mod floors;
mod formats;
mod freeze;
mod openapi;
mod oracles;
mod postgres;
mod schemathesis;
mod source;
mod sqlx;
mod stage;
mod testing;
mod tidy;
mod up;
mod workspace;

use clap::Parser as _;

fn main() -> std::process::ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
