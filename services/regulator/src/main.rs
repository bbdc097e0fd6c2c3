//! The regulator's service: `serve`, `node`, `migrate`, `openapi`, `keys`.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::run(&regulator::definition())
}
