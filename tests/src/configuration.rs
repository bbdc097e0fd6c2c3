//! The configuration files of a network's services, as `api::config` reads them.

use anyhow::Result;
use ledger::PublicKey;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::ports::Ports;

/// What one service is told.
#[derive(Debug, Clone)]
pub struct ServiceFile<'a> {
    /// Number in the directory.
    pub organisation: u32,
    /// Name for logs.
    pub name: &'a str,
    /// The service's own folder.
    pub folder: &'a Path,
    /// The network's genesis file.
    pub genesis: &'a Path,
    /// PostgreSQL.
    pub database_url: &'a str,
    /// Its ports.
    pub ports: Ports,
    /// Everybody else: ports and key.
    pub peers: &'a [(Ports, PublicKey)],
    /// Further lines of TOML, last, each beginning with a table header such as `[http]` that is not used above
    /// (`[node.timing]`, `[telemetry]`).
    pub more: &'a str,
}

impl ServiceFile<'_> {
    /// Writes it to `service.toml` in the service's folder, readable by its owner alone.
    ///
    /// # Errors
    /// When a key is no point of the curve or the file cannot be written.
    pub fn write(&self) -> Result<PathBuf> {
        let path = crate::service::config_file(self.folder);
        crate::genesis::write_private(&path, &self.text()?)?;
        Ok(path)
    }

    fn text(&self) -> Result<String> {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let path = |path: &Path| quoted(&path.to_string_lossy());
        let mut text = String::from("# Written at every start of the network; changes here are lost.\n");
        let http = format!("127.0.0.1:{}", self.ports.http);
        write!(text, "[organisation]\nid = {}\nname = {}\n", self.organisation, quoted(self.name))?;
        write!(
            text,
            "[http]\nlisten = {}\npublic_url = {}\n",
            quoted(&http),
            quoted(&format!("http://{http}"))
        )?;
        write!(text, "[database]\nurl = {}\n", quoted(self.database_url))?;
        write!(text, "[node]\nstate_dir = {}\n", path(&self.folder.join("node")))?;
        writeln!(text, "genesis_file = {}", path(self.genesis))?;
        writeln!(text, "consensus_listen = {}", quoted(&address(self.ports.consensus)))?;
        writeln!(text, "consensus_peers = {}", self.list(|ports| ports.consensus)?)?;
        writeln!(text, "exchange_listen = {}", quoted(&address(self.ports.exchange)))?;
        writeln!(text, "exchange_peers = {}", self.list(|ports| ports.exchange)?)?;
        writeln!(text, "[keys]\nfile = {}", path(&self.folder.join("signing.pem")))?;
        writeln!(text, "passphrase_file = {}", path(&self.folder.join("signing.passphrase")))?;
        text.push_str(self.more);
        Ok(text)
    }

    /// The peers' addresses, each pinned to the identity that its key gives.
    fn list(&self, port: impl Fn(&Ports) -> u16) -> Result<toml::Value> {
        let mut addresses = Vec::new();
        for (ports, key) in self.peers {
            let pinned = format!("{}/p2p/{}", address(port(ports)), consensus::peer_id(key)?);
            addresses.push(toml::Value::String(pinned));
        }
        Ok(toml::Value::Array(addresses))
    }
}

fn address(port: u16) -> String {
    format!("/ip4/127.0.0.1/tcp/{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_pinned_as_the_command_line_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let key = crate::genesis::signing_key(folder.path()).unwrap();
        let four = crate::OrganisationSpec::four();
        let members: Vec<_> = four.iter().map(|spec| (spec, key)).collect();
        let genesis = crate::genesis::genesis("test", 1, &members).unwrap();
        let named = theriac::network::founded(&genesis).members.pop().unwrap().peer;
        assert_eq!(named, Some(consensus::peer_id(&key).unwrap()));
    }

    #[test]
    fn a_service_can_read_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let key = crate::genesis::signing_key(folder.path()).unwrap();
        let ports = Ports { http: 1, consensus: 2, exchange: 3 };
        let file = ServiceFile {
            organisation: 3,
            name: "A \"quoted\" name",
            folder: folder.path(),
            genesis: &folder.path().join("genesis.json"),
            database_url: "postgres://a@localhost/a?host=/run/a%20b",
            ports,
            peers: &[(Ports { http: 4, consensus: 5, exchange: 6 }, key)],
            more: "[node.timing]\npropose_ms = 200\n[telemetry]\nfilter = \"warn\"\n",
        };
        let config = api::config::Config::from_sources(Some(&file.write().unwrap()), []).unwrap();
        assert_eq!(config.organisation.id, 3);
        let node = config.node.unwrap();
        assert_eq!(node.timing.propose_ms, 200);
        assert_eq!(node.exchange_peers.len(), 1);
        assert!(node.exchange_peers.iter().all(|peer| peer.starts_with("/ip4/127.0.0.1/tcp/6/p2p/16Uiu2")));
    }
}
