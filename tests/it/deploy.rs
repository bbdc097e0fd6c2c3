//! `deploy/`: what its files say of each other is so, and what `deploy/prepare` writes starts a network.

use anyhow::{Context as _, Result, ensure};
use e2e::service::executable;
use e2e::until::until;
use e2e::{Client, OrganisationSpec};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use store::embedded::{Cluster, ClusterConfig, StopMode};
use tokio::process::{Child, Command};

use crate::support::WITHIN;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

/// First three numbers of a network in which this machine has every address (127.0.0.0/8), drawn by process.
fn subnet() -> String {
    let process = std::process::id();
    format!("127.{}.{}", 1 + process / 250 % 250, 1 + process % 250)
}

async fn prepared(state: &Path, subnet: &str) -> Result<()> {
    let programs = executable("theriac")?;
    let programs = programs.parent().context("a program is in a folder")?;
    let output = Command::new(file("prepare"))
        .arg(state)
        .env("THERIAC_BIN", programs)
        .env("THERIAC_SUBNET", subnet)
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "deploy/prepare: {said}");
    Ok(())
}

/// One service as an operator runs it: its executable, the written configuration, its database's address.
struct Operated<'a> {
    name: &'a str,
    state: &'a Path,
    url: String,
}

impl Operated<'_> {
    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let folder = self.state.join(self.name);
        let mut command = Command::new(executable(self.name)?);
        command.arg("--config").arg(folder.join("etc/service.toml")).args(arguments);
        command.env("DATABASE_URL", &self.url).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }

    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments)?.output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} {arguments:?}: {said}", self.name);
        Ok(String::from_utf8(output.stdout)?)
    }

    fn serve(&self) -> Result<Child> {
        Ok(self.command(&["serve"])?.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_prepare_writes_starts_a_network() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("theriac-deploy-").tempdir()?;
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let (state, subnet) = (folder.path().join("state"), subnet());
    prepared(&state, &subnet).await?;
    let config = ClusterConfig {
        bin_dir: std::env::var_os("THERIAC_POSTGRES_BIN").map(PathBuf::from),
        ..ClusterConfig::new(folder.path().to_owned())
    };
    let cluster = Cluster::start(&config).await?;
    let (mut running, mut clients) = (Vec::new(), Vec::new());
    for (number, spec) in (1..).zip(OrganisationSpec::four()) {
        cluster.create_database(&spec.name, &spec.name).await?;
        let url = cluster.url(&spec.name, &spec.name);
        let service = Operated { name: &spec.name, state: &state, url };
        service.run(&["migrate"]).await?;
        let client = ["keys", "create-client", "--name", "test", "--permissions", "ledger_read"];
        let key = service.run(&client).await?;
        let base = format!("http://{subnet}.1{number}:8080");
        clients.push((spec.name.clone(), Client::new(&base, Some(key.trim()))?));
        running.push(service.serve()?);
    }
    // The heartbeat's blocks are enough to see that all four found each other.
    for (name, client) in &clients {
        until(&format!("{name} to see a block"), WITHIN, || async {
            let Ok(answer) = client.get("/v1/ledger/head").await else { return Ok(None) };
            Ok((answer.json()["height"].as_u64() >= Some(1)).then_some(()))
        })
        .await?;
    }
    let first = "/v1/ledger/blocks/1";
    let block = clients[0].1.get(first).await?.ok()?["hash"].clone();
    for (name, client) in &clients {
        ensure!(client.get(first).await?.ok()?["hash"] == block, "{name} has another first block");
    }
    for service in &mut running {
        service.kill().await?;
    }
    cluster.stop(StopMode::Fast).await?;
    Ok(())
}

#[tokio::test]
async fn prepare_never_writes_over_a_network() -> Result<()> {
    let folder = tempfile::tempdir()?;
    prepared(folder.path(), "127.0.0").await?;
    let kept = std::fs::read(folder.path().join("genesis.json"))?;
    ensure!(prepared(folder.path(), "127.0.0").await.is_err(), "keys would be lost");
    ensure!(std::fs::read(folder.path().join("genesis.json"))? == kept, "the genesis was changed");
    Ok(())
}

/// The compose file is read as text: it must name what the other files name.
#[test]
fn the_files_fit_each_other() -> Result<()> {
    let (compose, prepare) =
        (std::fs::read_to_string(file("compose.yaml"))?, std::fs::read_to_string(file("prepare"))?);
    let container = std::fs::read_to_string(file("Containerfile"))?;
    let genesis = std::fs::read_to_string(file("genesis.template.json"))?;
    let count = |text: &str, part: &str| text.matches(part).count();
    for (number, spec) in (1..).zip(OrganisationSpec::four()) {
        let name = &spec.name;
        ensure!(
            compose.contains(&format!("command: [{name}, --config, /etc/theriac/service.toml, serve]")),
            "{name}"
        );
        ensure!(
            compose.contains(&format!("command: [{name}, --config, /etc/theriac/service.toml, migrate]")),
            "{name}"
        );
        ensure!(compose.contains(&format!("ipv4_address: 172.31.250.1{number}")), "{name}");
        ensure!(compose.contains(&format!("{name}/database.password")), "{name}");
        ensure!(container.contains(&format!("target/release/{name}")), "{name} is not in the image");
        ensure!(count(&genesis, &format!("@KEY_{number}@")) == 2, "{name} has a key and votes with it");
        for gln in &spec.glns {
            ensure!(genesis.contains(gln), "{name} has the example's places");
        }
    }
    ensure!(
        prepare.contains("172.31.250")
            && prepare.contains("members=(manufacturer distributor pharmacy regulator)")
    );
    for port in ["8080", "27000", "28000"] {
        ensure!(container.contains(port) && prepare.contains(port), "port {port}");
    }
    let rules: serde_json::Value = serde_json::from_str(&genesis.replace("@TIME_MS@", "0"))?;
    ensure!(rules["rules"] == serde_json::to_value(ledger::Rules::eu())?, "the rules are those of the code");
    Ok(())
}
