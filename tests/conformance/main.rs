//! Every service answers as its OpenAPI document says, whatever it is asked: schemathesis calls every operation of every
//! service, with a key that may everything, with one that may nothing, and without any.

mod dictionaries;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::journey::Journey;
use e2e::{Network, Service};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::process::Command;

use dictionaries::Dictionaries;

/// The environment variable that names the program; `cargo xtask test` installs it.
const PROGRAM: &str = "THERIAC_SCHEMATHESIS";

/// Checks, bounds, and which parameter takes values from which dictionary.
const CONFIGURATION: &str = include_str!("schemathesis.toml");
/// What the configuration calls before each request.
const HOOKS: &str = include_str!("hooks.py");

/// The services in the order in which they are called: those that may stop goods come last.
const ORDER: [&str; 4] = ["distributor", "pharmacy", "manufacturer", "regulator"];

/// The program. Where it is not named, the test says that it is skipped and ends; with
/// `THERIAC_CONFORMANCE=required`, as in continuous integration, that is a failure.
fn program() -> Option<PathBuf> {
    if let Some(program) = std::env::var_os(PROGRAM) {
        return Some(program.into());
    }
    let required = std::env::var_os("THERIAC_CONFORMANCE").is_some_and(|value| value == "required");
    assert!(!required, "{PROGRAM} is not set, and THERIAC_CONFORMANCE=required");
    println!("skipped: {PROGRAM} is not set; `cargo xtask test` installs schemathesis and sets it");
    None
}

/// Who asks.
struct Caller {
    name: &'static str,
    key: Option<String>,
    /// Whoever is refused everything need not draw at random what is refused.
    phases: &'static str,
}

async fn callers(service: &Service) -> Result<[Caller; 3]> {
    // No operation asks for this permission.
    let create = ["keys", "create-client", "--name", "idle", "--permissions", "administer_keys"];
    let idle = service.run(&create).await?.trim().to_owned();
    let key = service.api_key().to_owned();
    Ok([
        Caller { name: "every permission", key: Some(key), phases: "examples,coverage,fuzzing,stateful" },
        Caller { name: "no permission", key: Some(idle), phases: "coverage" },
        Caller { name: "no key", key: None, phases: "coverage" },
    ])
}

/// Has schemathesis call every operation of a service, prints how many it called and how often, and returns what it
/// found.
async fn findings(
    program: &Path,
    service: &Service,
    folder: &Path,
    caller: &Caller,
) -> Result<Option<String>> {
    let report = folder.join("report.json");
    let mut command = Command::new(program);
    command.arg("--config-file").arg(folder.join("schemathesis.toml")).arg("run");
    command.arg(format!("{}/openapi.json", service.base_url())).args(["--phases", caller.phases]);
    command.args(["--report", "json", "--report-json-path"]).arg(&report).current_dir(folder);
    if let Some(key) = &caller.key {
        command.arg("--header").arg(format!("Authorization: Bearer {key}"));
    }
    let output = command.kill_on_drop(true).output().await.context("cannot start schemathesis")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = std::fs::read(&report).with_context(|| format!("no report: {said}"))?;
    std::fs::remove_file(&report)?;
    let report: Value = serde_json::from_slice(&text)?;
    let (operations, cases) = (&report["operations"], &report["test_cases"]);
    println!(
        "{:<12} {:<16} {:>3} operations {:>5} cases {:>3} findings {:>6.1} s",
        service.spec.name,
        caller.name,
        operations["tested"],
        cases["generated"],
        cases["unique_failures"],
        report["running_time"].as_f64().unwrap_or_default(),
    );
    ensure!(
        operations["tested"].as_u64() > Some(0) && operations["tested"] == operations["total"],
        "not every operation was called: {said}"
    );
    Ok((!output.status.success()).then_some(said))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_one_that_the_openapi_document_tells() -> Result<()> {
    let Some(program) = program() else { return Ok(()) };
    let mut network = Network::builder().start().await?;
    // Something of everything: goods, alerts, a recall, look-ups.
    let outcome = Journey::draw(&network, 7)?.run(&|_| {}).await;
    if let Some(failure) = outcome.failure {
        return Err(failure);
    }
    let shipment = dictionaries::fresh_shipment(&network).await?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("schemathesis.toml"), CONFIGURATION)?;
    std::fs::write(folder.path().join("hooks.py"), HOOKS)?;
    let mut found = Vec::new();
    for name in ORDER {
        let service = &*network.service(name)?;
        Dictionaries::of(service, &shipment).await?.write(folder.path())?;
        for caller in callers(service).await? {
            if let Some(said) = findings(&program, service, folder.path(), &caller).await? {
                found.push(format!("{name}, {}:\n{said}", caller.name));
            }
        }
    }
    network.stop().await?;
    if !found.is_empty() {
        bail!("{}", found.join("\n"));
    }
    Ok(())
}
