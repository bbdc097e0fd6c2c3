//! The pharmacy's service: `serve`, `node`, `migrate`, `openapi`, `keys`.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::run(&pharmacy::definition())
}
