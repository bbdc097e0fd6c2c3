//! The manufacturer's service: `serve`, `node`, `migrate`, `openapi`, `keys`.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::run(&manufacturer::definition())
}
