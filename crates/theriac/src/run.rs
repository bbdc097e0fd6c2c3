//! From arguments to an answer.

use std::io::Write;

use crate::arguments::{Arguments, Command, VerifyArguments};
use crate::input::{self, Found, Proof};
use crate::network::founded;
use crate::report::Report;
use crate::unusable::Unusable;
use crate::verify::{Age, verify};

/// Does what the arguments say and writes the answer. Returns whether everything holds. `clock_ms` is the time
/// now, in milliseconds since 1970 UTC.
///
/// # Errors
/// [`Unusable`] where an input cannot be used.
pub fn run(arguments: &Arguments, clock_ms: u64, out: &mut impl Write) -> Result<bool, Unusable> {
    let (answer, holds) = match &arguments.command {
        Command::Verify(arguments) => {
            let report = checked(arguments, clock_ms)?;
            (if arguments.json { json(&report)? } else { report.lines().join("\n") }, report.proven)
        }
        Command::Network(arguments) => {
            let founded = founded(&input::genesis(&arguments.genesis)?);
            (if arguments.json { json(&founded)? } else { founded.lines().join("\n") }, true)
        }
    };
    writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(Unusable::Write)?;
    Ok(holds)
}

/// Answers have text, numbers and lists only, so that they always have a JSON form.
fn json(answer: &impl serde::Serialize) -> Result<String, Unusable> {
    serde_json::to_string_pretty(answer).map_err(|error| Unusable::Write(error.into()))
}

fn checked(arguments: &VerifyArguments, clock_ms: u64) -> Result<Report, Unusable> {
    let genesis = input::genesis(&arguments.genesis)?;
    let Found { proof, member, ignored } = input::proof(&arguments.file)?;
    let event = match &arguments.event {
        Some(_) if !matches!(proof, Proof::Event(_)) => {
            return Err(Unusable::NoEvent { path: arguments.file.clone(), found: proof.kind() });
        }
        Some(path) => Some(input::disclosure(path)?),
        None => None,
    };
    let age =
        arguments.max_age.map(|max_seconds| Age { max_seconds, now_ms: arguments.now.unwrap_or(clock_ms) });
    let mut report = verify(&proof, &genesis, event.as_ref(), age);
    report.found_in = member;
    report.ignored = ignored;
    Ok(report)
}
