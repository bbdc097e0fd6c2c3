//! The house of `docs/ARCHITECTURE.md` as data: who may import whom, and what floor 0 may use from outside.

use crate::workspace::{Dependency, Kind, Package, Workspace};
use anyhow::{Result, bail};

/// Facts and rules: no I/O, clock, randomness or async.
const FLOOR_0: &[&str] = &["gs1", "epcis", "lifecycle", "ledger", "capture"];
/// One outside thing each.
const FLOOR_1: &[&str] = &["store", "statusmap", "consensus", "exchange"];
/// The four thin executables.
const SERVICES: &[&str] = &["manufacturer", "distributor", "pharmacy", "regulator"];
/// May import everything: they only drive and test the rest.
const FREE: &[&str] = &["e2e", "xtask"];

/// One line of the table.
struct Rule {
    package: &'static str,
    /// Groups of our crates that it may import.
    may_import: &'static [&'static [&'static str]],
    /// What it must not know, told to whoever breaks the rule.
    must_not_know: &'static str,
}

const SERVICE_MAY: &[&[&str]] = &[FLOOR_0, &["api", "host", "store"]];
const SERVICE_MUST_NOT: &str = "SQL text, Malachite, another service";

/// The table, from the lowest floor upwards.
const RULES: &[Rule] = &[
    Rule { package: "gs1", may_import: &[], must_not_know: "HTTP, SQL, EPCIS" },
    Rule { package: "epcis", may_import: &[&["gs1"]], must_not_know: "our rules, storage" },
    Rule { package: "lifecycle", may_import: &[&["gs1"]], must_not_know: "EPCIS documents, storage, blocks" },
    Rule {
        package: "ledger",
        may_import: &[&["lifecycle", "gs1"]],
        must_not_know: "event bodies: it sees 32-byte commitments",
    },
    Rule {
        package: "capture",
        may_import: &[&["gs1", "epcis", "lifecycle", "ledger"]],
        must_not_know: "storage, HTTP, clock",
    },
    Rule { package: "store", may_import: &[FLOOR_0], must_not_know: "HTTP, consensus" },
    Rule {
        package: "statusmap",
        may_import: &[&["ledger"]],
        must_not_know: "SQL, HTTP, what keys and values stand for",
    },
    Rule { package: "consensus", may_import: &[&["ledger"]], must_not_know: "SQL, HTTP, EPCIS" },
    Rule { package: "exchange", may_import: &[FLOOR_0], must_not_know: "SQL, HTTP, consensus" },
    Rule { package: "node", may_import: &[FLOOR_0, FLOOR_1], must_not_know: "HTTP" },
    Rule { package: "api", may_import: &[FLOOR_0, &["store"]], must_not_know: "consensus, exchange, node" },
    Rule {
        package: "host",
        may_import: &[FLOOR_0, &["api", "node"]],
        must_not_know: "routes, SQL text, Malachite; it only hands the node to the API",
    },
    Rule { package: "manufacturer", may_import: SERVICE_MAY, must_not_know: SERVICE_MUST_NOT },
    Rule { package: "distributor", may_import: SERVICE_MAY, must_not_know: SERVICE_MUST_NOT },
    Rule { package: "pharmacy", may_import: SERVICE_MAY, must_not_know: SERVICE_MUST_NOT },
    Rule { package: "regulator", may_import: SERVICE_MAY, must_not_know: SERVICE_MUST_NOT },
    // `store` for `theriac audit` alone: an auditor reads a database without a service.
    Rule {
        package: "theriac",
        may_import: &[FLOOR_0, &["store"]],
        must_not_know: "HTTP, SQL text, consensus",
    },
];

/// Outside crates that floor 0 may use. Each is pure: it computes from its arguments.
const FLOOR_0_OUTSIDE: &[&str] = &[
    "thiserror",             // error enums
    "serde",                 // shapes of documents
    "unicode-normalization", // the letters that dead keys compose
    "serde_json",            // JSON-LD and the readable form of ledger objects
    "quick-xml",             // EPCIS XML, pulled event by event
    "time",                  // calendar dates and offsets; its clock is behind a feature and a lint
    "hex",                   // spelling of hashes
    "digest",                // the trait of hash functions
    "sha2",                  // Event Hash ID
    "sha3",                  // the ledger's hash
    "k256",                  // signatures
];

/// Outside crates that have one home, by prefix of their name.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("sqlx", &["store"], "all SQL is in `store`; add a function there"),
    (
        "actix",
        &["api", "manufacturer", "distributor", "pharmacy", "regulator"],
        "HTTP is known to `api` and the services only",
    ),
    ("nomt", &["statusmap"], "the map's files are behind `statusmap::StatusMap`"),
    ("io-uring", &["statusmap"], "only NOMT reads and writes that way"),
    ("arc-malachitebft", &["consensus"], "the engine is behind `consensus::App`"),
    ("libp2p", &["consensus", "exchange"], "peers are reached through `consensus` and `exchange`"),
];

/// Compares the workspace with the table; the error lists every edge that it does not allow.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut faults = Vec::new();
    for package in &workspace.packages {
        faults.extend(faults_of(package));
    }
    for rule in RULES {
        if !workspace.packages.iter().any(|package| package.name == rule.package) {
            faults.push(format!("`{}` is in the table but not in the workspace", rule.package));
        }
    }
    if !faults.is_empty() {
        bail!("{} edge(s) that the floors do not allow:\n  {}", faults.len(), faults.join("\n  "));
    }
    println!("floors: {} packages keep to the table", workspace.packages.len());
    Ok(())
}

fn faults_of(package: &Package) -> Vec<String> {
    if FREE.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
        return vec![format!(
            "`{}` has no line in crates/xtask/src/floors.rs: say which floor it stands on and why",
            package.name
        )];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| match dependency.path {
            Some(_) => inside(rule, dependency),
            None => outside(rule, dependency),
        })
        .collect()
}

/// An edge to another crate of ours. Tests of a crate keep to the table too: what needs more belongs in `tests/`.
fn inside(rule: &Rule, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    // A crate may turn on a feature of its own for its tests.
    let itself = name == rule.package && dependency.kind == Kind::Dev;
    if itself || rule.may_import.iter().any(|group| group.contains(&name)) {
        return None;
    }
    let reason = match (rule.package, name) {
        ("api", "node" | "consensus" | "exchange") | ("node", "api") => {
            "`api` and `node` meet in PostgreSQL and in the traits of `ledger::link`, so that capture goes on \
             while consensus stalls"
        }
        (_, other) if SERVICES.contains(&other) => "no crate imports a service; share code through `api`",
        (lower, "store" | "node" | "api") if FLOOR_0.contains(&lower) => {
            "floor 0 is pure: pass what you need as an argument"
        }
        _ => {
            "lower floors do not know higher ones; an edge that is really needed is a reviewed change of its own"
        }
    };
    Some(format!("`{}` imports `{name}`, but must not know: {}. {reason}", rule.package, rule.must_not_know))
}

/// An edge to a crate of somebody else.
fn outside(rule: &Rule, dependency: &Dependency) -> Option<String> {
    let name = dependency.name.as_str();
    if let Some((_, homes, reason)) = HOMES.iter().find(|(prefix, ..)| name.starts_with(prefix))
        && !homes.contains(&rule.package)
    {
        return Some(format!("`{}` names `{name}`: {reason}", rule.package));
    }
    let pure = FLOOR_0.contains(&rule.package) && dependency.kind == Kind::Normal;
    (pure && !FLOOR_0_OUTSIDE.contains(&name)).then(|| {
        format!(
            "`{}` uses `{name}`, which is not on floor 0's allow-list: floor 0 has no I/O, clock, randomness or \
             async; add it to FLOOR_0_OUTSIDE with its reason if it has none either",
            rule.package
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool, Kind)]) -> Package {
        let dependency = |(name, ours, kind): &(&str, bool, Kind)| Dependency {
            name: (*name).to_owned(),
            kind: *kind,
            path: ours.then(|| "crates".into()),
        };
        Package {
            name: name.to_owned(),
            manifest: "Cargo.toml".into(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn first_fault(name: &str, dependency: (&str, bool, Kind)) -> Option<String> {
        faults_of(&package(name, &[dependency])).into_iter().next()
    }

    #[test]
    fn the_table_allows_its_own_edges() {
        for (name, dependency) in [
            ("epcis", "gs1"),
            ("node", "exchange"),
            ("node", "store"),
            ("node", "statusmap"),
            ("statusmap", "ledger"),
            ("api", "store"),
            ("pharmacy", "host"),
            ("host", "node"),
            ("theriac", "store"),
            ("e2e", "consensus"),
        ] {
            assert_eq!(first_fault(name, (dependency, true, Kind::Normal)), None, "{name} -> {dependency}");
        }
        assert_eq!(first_fault("store", ("sqlx", false, Kind::Normal)), None);
        assert_eq!(first_fault("gs1", ("proptest", false, Kind::Dev)), None);
    }

    #[test]
    fn every_other_edge_is_told_with_its_reason() {
        for (name, dependency, reason) in [
            ("api", ("node", true, Kind::Normal), "meet in PostgreSQL"),
            ("node", ("api", true, Kind::Dev), "meet in PostgreSQL"),
            ("ledger", ("store", true, Kind::Normal), "floor 0 is pure"),
            ("ledger", ("epcis", true, Kind::Normal), "32-byte commitments"),
            ("pharmacy", ("manufacturer", true, Kind::Normal), "no crate imports a service"),
            ("node", ("nomt", false, Kind::Normal), "behind `statusmap"),
            ("node", ("sqlx", false, Kind::Normal), "all SQL is in `store`"),
            ("node", ("actix-web", false, Kind::Normal), "HTTP is known to"),
            ("node", ("libp2p", false, Kind::Dev), "peers are reached"),
            ("exchange", ("arc-malachitebft-sync", false, Kind::Normal), "behind `consensus::App`"),
            ("gs1", ("rand", false, Kind::Normal), "allow-list"),
            ("surprise", ("gs1", true, Kind::Normal), "has no line"),
        ] {
            let fault = first_fault(name, dependency).unwrap_or_default();
            assert!(fault.contains(reason), "{name}: {fault}");
        }
    }
}
