//! Ending what a run left in a state folder, and deleting the folder.

use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use store::embedded::{Cluster, StopMode};

use crate::network::{Network, cluster_config};
use crate::process::stop_left_over;
use crate::state::{LOCK, MARKER, StateDir};

/// Files that networks and benchmarks make at the top of a state folder.
const FILES: [&str; 5] = ["genesis.json", "ports.json", "evidence.json", "select.pgbench", "sync-time"];

/// Of these, each organisation's folder has one before it has anything else.
const OF_AN_ORGANISATION: [&str; 2] = ["signing.passphrase", "signing.pem"];

impl Network {
    /// Stops the services and servers that an earlier run, or one that was interrupted, left in a state folder.
    ///
    /// # Errors
    /// When the folder is no network's, another run that is alive holds it, or something does not stop.
    pub async fn stop_left_over(path: &Path) -> Result<()> {
        if path.exists() { stop(&StateDir::open(path)?).await } else { Ok(()) }
    }

    /// Stops what an earlier run left in a state folder and deletes the folder with all its data. What no network
    /// made stays, and the folder with it.
    ///
    /// # Errors
    /// When the folder is no network's, another run that is alive holds it, or it cannot be deleted.
    pub async fn reset(path: &Path) -> Result<()> {
        if !path.exists() {
            return Ok(());
        }
        let state = StateDir::open(path)?;
        stop(&state).await?;
        delete(&state).with_context(|| format!("cannot delete {}", path.display()))
    }
}

async fn stop(state: &StateDir) -> Result<()> {
    let folders = organisations(state)?;
    for folder in &folders {
        stop_left_over(folder).await?;
    }
    for folder in folders.into_iter().chain([state.path().to_owned()]) {
        Cluster::stop_left_over(&cluster_config(folder), StopMode::Immediate).await?;
    }
    Ok(())
}

/// The folders of organisations, as far as a run got with making them.
fn organisations(state: &StateDir) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(state.path())? {
        let entry = entry?;
        let has = |name: &&str| entry.path().join(name).is_file();
        if entry.file_type()?.is_dir() && OF_AN_ORGANISATION.iter().any(has) {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

fn delete(state: &StateDir) -> Result<()> {
    for folder in organisations(state)? {
        Cluster::delete(&cluster_config(folder.clone()))?;
        fs::remove_dir_all(folder)?;
    }
    Cluster::delete(&cluster_config(state.path().to_owned()))?;
    for file in FILES {
        missing_is_fine(fs::remove_file(state.join(file)))?;
    }
    let others = fs::read_dir(state.path())?
        .filter_map(Result::ok)
        .any(|entry| entry.file_name() != MARKER && entry.file_name() != LOCK);
    if !others {
        missing_is_fine(fs::remove_file(state.join(LOCK)))?;
        missing_is_fine(fs::remove_file(state.join(MARKER)))?;
        fs::remove_dir(state.path())?;
    }
    Ok(())
}

fn missing_is_fine(done: std::io::Result<()>) -> std::io::Result<()> {
    match done {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organisation(state: &Path) {
        fs::create_dir_all(state.join("pharmacy/node")).unwrap();
        fs::write(state.join("pharmacy/signing.passphrase"), "secret").unwrap();
        fs::write(state.join("genesis.json"), "{}").unwrap();
    }

    #[tokio::test]
    async fn a_folder_of_somebody_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        organisation(folder.path());
        assert!(Network::reset(folder.path()).await.unwrap_err().to_string().contains("is not empty"));
        assert!(Network::stop_left_over(folder.path()).await.is_err());
        assert!(folder.path().join("genesis.json").exists());
        assert!(folder.path().join("pharmacy/signing.passphrase").exists());
    }

    #[tokio::test]
    async fn what_a_network_made_goes_and_what_others_put_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        drop(StateDir::open(&state).unwrap());
        organisation(&state);
        fs::create_dir(state.join("photographs")).unwrap();
        Network::reset(&state).await.unwrap();
        assert!(state.join("photographs").exists());
        assert!(!state.join("pharmacy").exists() && !state.join("genesis.json").exists());

        fs::remove_dir(state.join("photographs")).unwrap();
        Network::reset(&state).await.unwrap();
        assert!(!state.exists());
        Network::reset(&state).await.unwrap();
    }
}
