//! Starts networks of services: `cargo xtask up` builds and runs it.

use clap::Parser as _;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match e2e::command::run(e2e::command::Cli::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
