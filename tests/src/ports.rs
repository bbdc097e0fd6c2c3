//! Free TCP ports on the loopback address, remembered between runs.

use anyhow::{Context as _, Result};
use consensus::testing::{PORTS, free_port, is_free};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The ports of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Public HTTP API.
    pub http: u16,
    /// Consensus between the nodes.
    pub consensus: u16,
    /// Partner exchange.
    pub exchange: u16,
}

/// Ports by service name.
pub type PortTable = BTreeMap<String, Ports>;

/// Takes the ports that `file` remembers for `names` when all of them are free, new free ones otherwise, and
/// remembers them.
///
/// # Errors
/// When no port is free or the file cannot be written.
pub fn choose(file: &Path, names: &[&str]) -> Result<PortTable> {
    let remembered: PortTable =
        std::fs::read(file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    if names.iter().all(|name| remembered.get(*name).is_some_and(|ports| ports.are_free())) {
        return Ok(remembered);
    }
    let mut table = PortTable::new();
    for name in names {
        let ports = Ports { http: unused()?, consensus: unused()?, exchange: unused()? };
        table.insert((*name).to_owned(), ports);
    }
    std::fs::write(file, serde_json::to_vec_pretty(&table)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(table)
}

fn unused() -> Result<u16> {
    free_port().with_context(|| format!("no free port among {} to {}", PORTS.start, PORTS.end))
}

impl Ports {
    fn are_free(self) -> bool {
        [self.http, self.consensus, self.exchange]
            .into_iter()
            .all(|port| PORTS.contains(&port) && is_free(port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn ports_are_remembered_while_they_are_free() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ports.json");
        let first = choose(&file, &["a", "b"]).unwrap();
        assert_eq!(choose(&file, &["a", "b"]).unwrap(), first);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.get("b").unwrap().exchange)).unwrap();
        let second = choose(&file, &["a", "b"]).unwrap();
        assert_ne!(second, first);
        drop(taken);
        assert_eq!(choose(&file, &["a", "b"]).unwrap(), second);
        let three = choose(&file, &["a", "b", "c"]).unwrap();
        let ports: std::collections::BTreeSet<u16> =
            three.values().flat_map(|ports| [ports.http, ports.consensus, ports.exchange]).collect();
        assert_eq!(ports.len(), 9, "no port twice");
    }
}
