//! `theriac`: see the library's documentation.

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;

fn main() -> ExitCode {
    let arguments = theriac::Arguments::parse();
    #[expect(clippy::disallowed_methods, reason = "the one place where this program reads the clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let mut streams = theriac::Streams {
        input: std::io::stdin().lock(),
        out: std::io::BufWriter::new(std::io::stdout().lock()),
        err: std::io::stderr(),
        is_terminal: std::io::stderr().is_terminal(),
    };
    match theriac::run(&arguments, now_ms, &mut streams) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(unusable) => {
            // Where standard error is closed too, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "theriac: {}", unusable.in_one_line());
            ExitCode::from(2)
        }
    }
}
