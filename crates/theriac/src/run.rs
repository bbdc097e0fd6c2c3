//! From arguments to an answer.

use std::io::{BufRead, Write};

use ::epcis::{CbvVersion, XmlVersion};
use gs1::Calibration;
use time::{Date, OffsetDateTime};

use crate::arguments::{
    Arguments, AuditArguments, Binding, Cbv, Command, ConvertArguments, EpcisCommand, VerifyArguments,
    Version,
};
use crate::audit::Audit;
use crate::barcode;
use crate::epcis::{self, To};
use crate::input::{self, Found, Proof};
use crate::lines::answer_lines;
use crate::network::founded;
use crate::report::Report;
use crate::scan::scan;
use crate::unusable::Unusable;
use crate::verify::{Age, verify};

/// Standard input, output and error.
pub struct Streams<I, O, E> {
    /// What is read where no file is named.
    pub input: I,
    /// Where answers go.
    pub out: O,
    /// Where it is said why there is none, and how far a long work is.
    pub err: E,
    /// Whether `err` is a terminal.
    pub is_terminal: bool,
}

/// Does what the arguments say and writes the answer. Returns whether everything holds. `clock_ms` is the time
/// now, in milliseconds since 1970 UTC.
///
/// # Errors
/// [`Unusable`] where an input cannot be used.
pub fn run(
    arguments: &Arguments,
    clock_ms: u64,
    streams: &mut Streams<impl BufRead, impl Write, impl Write>,
) -> Result<bool, Unusable> {
    let (answer, holds) = match &arguments.command {
        Command::Verify(arguments) => {
            let report = checked(arguments, clock_ms)?;
            (if arguments.json { json(&report)? } else { report.lines().join("\n") }, report.proven)
        }
        Command::Network(arguments) => {
            let founded = founded(&input::genesis(&arguments.genesis)?);
            (if arguments.json { json(&founded)? } else { founded.lines().join("\n") }, true)
        }
        Command::Audit(arguments) => return audited(arguments, streams),
        Command::Scan(arguments) => {
            let calibration = arguments.calibration.as_deref().map(input::calibration).transpose()?;
            let today = arguments.today.unwrap_or_else(|| day_of(clock_ms));
            let answer = |text: &str| scan(text, calibration.as_ref(), today);
            if arguments.lines {
                return answer_lines(&mut streams.input, &mut streams.out, answer).map(|()| true);
            }
            let scanned = match &arguments.text {
                Some(text) => answer(text),
                None => answer(&input::text_of(&mut streams.input)?),
            };
            (line(&scanned)?, scanned.ok)
        }
        Command::Calibrate(arguments) if arguments.barcode => {
            (barcode::svg(&gs1::calibration::calibration_text())?, true)
        }
        Command::Calibrate(arguments) => {
            let typed = match &arguments.file {
                Some(file) => input::text(file)?,
                None => input::text_of(&mut streams.input)?,
            };
            match Calibration::learn(&typed) {
                Ok(calibration) => (line(&calibration)?, true),
                Err(fault) => return refused(&mut streams.err, &format!("{}: {fault}", fault.code())),
            }
        }
        Command::Epcis(EpcisCommand::Check(arguments)) => {
            let checked = epcis::check(&input::document(&arguments.file)?);
            (line(&checked)?, checked.ok)
        }
        Command::Epcis(EpcisCommand::Convert(arguments)) => {
            let to = binding(arguments)?;
            let document = input::document(&arguments.file)?;
            match epcis::convert(&document, to, &mut streams.out).map_err(Unusable::Write)? {
                Ok(()) => (String::new(), true),
                Err(faults) => return refused(&mut streams.err, &line(&faults)?),
            }
        }
        Command::Epcis(EpcisCommand::Hash(arguments)) => {
            let version = match arguments.cbv {
                Cbv::V2_0 => CbvVersion::V2_0,
                Cbv::V2_1 => CbvVersion::V2_1Draft,
            };
            match epcis::hash(&input::document(&arguments.file)?, version) {
                Ok(ids) if ids.is_empty() => return Ok(true),
                Ok(ids) => (ids.join("\n"), true),
                Err(faults) => return refused(&mut streams.err, &line(&faults)?),
            }
        }
    };
    let out = &mut streams.out;
    writeln!(out, "{answer}").and_then(|()| out.flush()).map_err(Unusable::Write)?;
    Ok(holds)
}

fn audited(
    arguments: &AuditArguments,
    streams: &mut Streams<impl BufRead, impl Write, impl Write>,
) -> Result<bool, Unusable> {
    let genesis = input::genesis(&arguments.genesis)?;
    let audit = Audit {
        genesis: &genesis,
        database: &arguments.database,
        organisation: arguments.organisation,
        padding_secret: arguments.padding_secret_file.as_deref().map(input::secret).transpose()?,
        json: arguments.json,
        findings_max: arguments.findings,
        is_terminal: streams.is_terminal,
    };
    let summary = audit.run(&mut streams.out, &mut streams.err)?;
    let text = if arguments.json { line(&summary)? } else { summary.lines().join("\n") };
    writeln!(streams.out, "{text}").and_then(|()| streams.out.flush()).map_err(Unusable::Write)?;
    Ok(summary.agrees)
}

fn refused(err: &mut impl Write, why: &str) -> Result<bool, Unusable> {
    writeln!(err, "{why}").map_err(Unusable::Write)?;
    Ok(false)
}

fn binding(arguments: &ConvertArguments) -> Result<To, Unusable> {
    match (arguments.to, arguments.version) {
        (Binding::Json, Version::V2_0) => Ok(To::Json),
        (Binding::Json, Version::V1_2) => Err(Unusable::NoSuchBinding),
        (Binding::Xml, Version::V1_2) => Ok(To::Xml(XmlVersion::V1_2)),
        (Binding::Xml, Version::V2_0) => Ok(To::Xml(XmlVersion::V2_0)),
    }
}

fn day_of(clock_ms: u64) -> Date {
    let seconds = i64::try_from(clock_ms / 1_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).map_or(Date::MAX, OffsetDateTime::date)
}

/// As [`json`], in one line.
fn line(answer: &impl serde::Serialize) -> Result<String, Unusable> {
    serde_json::to_string(answer).map_err(|error| Unusable::Write(error.into()))
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
