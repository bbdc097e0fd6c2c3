//! Free TCP ports on the loopback address, remembered between runs.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
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
    // All listeners live until all ports are known, so that none is given out twice.
    let mut held = Vec::new();
    let mut free = || -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        Ok(port)
    };
    let mut table = PortTable::new();
    for name in names {
        let ports = Ports { http: free()?, consensus: free()?, exchange: free()? };
        table.insert((*name).to_owned(), ports);
    }
    std::fs::write(file, serde_json::to_vec_pretty(&table)?)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(table)
}

impl Ports {
    fn are_free(self) -> bool {
        [self.http, self.consensus, self.exchange]
            .iter()
            .all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
