#![doc = include_str!("../README.md")]

use std::sync::Arc;
use std::time::Duration;

use api::GenesisError;
use api::config::{NodeConfig, NodeTiming};
use api::server::{BoxError, NodeContext, RunningNode, StartNode};
use ledger::OrganisationId;
use tokio::sync::oneshot;

/// Why a node cannot be started from a service's configuration.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// `[node]` is missing.
    #[error("[node] is not configured")]
    NotConfigured,
    /// The genesis file cannot be used.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

/// What a [`ServiceDefinition`](api::ServiceDefinition) starts its node with.
#[must_use]
pub fn start_node() -> StartNode {
    Arc::new(|context| Box::pin(start(context)))
}

async fn start(context: NodeContext) -> Result<RunningNode, BoxError> {
    let settings = context.config.node.as_ref().ok_or(HostError::NotConfigured)?;
    let config = node::Config {
        organisation: OrganisationId(context.config.organisation.id),
        key: context.signing_key,
        genesis: api::genesis::read(&settings.genesis_file)?,
        state_dir: settings.state_dir.clone(),
        consensus_listen: settings.consensus_listen.clone(),
        consensus_peers: settings.consensus_peers.clone(),
        exchange_listen: settings.exchange_listen.clone(),
        exchange_peers: settings.exchange_peers.clone(),
        timing: timing(settings),
    };
    let clock = Arc::clone(&context.clock);
    let clock: node::Clock = Arc::new(move || clock.now_ms());
    let mut node = node::start(config, context.pool, clock, context.entropy.bytes()).await?;
    let link = node.link();
    context.metrics.register(|registry| node.register_metrics(registry));
    context.metrics.join(node::consensus_metrics);
    let (tell, told) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        tokio::pin!(stopped);
        // A dropped sender asks to stop, too.
        tokio::select! {
            _ = &mut stopped => {}
            ended = node.ended() => {
                let _gone = tell.send(ended);
                let _asked = stopped.await;
            }
        }
        node.shutdown().await;
    });
    let ended = async move {
        match told.await {
            Ok(ended) => BoxError::from(ended),
            Err(_) => BoxError::from("its task is gone"),
        }
    };
    let stop = move || async move {
        drop(stop);
        Ok(task.await?)
    };
    Ok(RunningNode { link, ended: Box::pin(ended), stop: Box::new(|| Box::pin(stop())) })
}

fn timing(settings: &NodeConfig) -> node::Timing {
    let NodeTiming { propose_ms, vote_ms, heartbeat_ms, batch_age_ms, .. } = settings.timing;
    node::Timing {
        propose: Duration::from_millis(propose_ms),
        vote: Duration::from_millis(vote_ms),
        heartbeat: Duration::from_millis(heartbeat_ms),
        batch_age: Duration::from_millis(batch_age_ms),
    }
}
