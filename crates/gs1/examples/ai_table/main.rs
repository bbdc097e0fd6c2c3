//! Writes `src/ai/table.rs` from the facts of the GS1 Barcode Syntax Dictionary.
//!
//! `cargo run -p gs1 --example ai_table -- DICTIONARY > crates/gs1/src/ai/table.rs`

mod render;

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: ai_table DICTIONARY");
        return ExitCode::FAILURE;
    };
    let rendered = std::fs::read_to_string(&path)
        .map_err(|error| error.to_string())
        .and_then(|dictionary| render::render(&dictionary));
    match rendered {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}
