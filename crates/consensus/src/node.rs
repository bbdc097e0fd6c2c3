//! One node from start to stop: opens the store, brings the application up to it, and keeps an engine running.

use std::sync::Arc;

use ledger::Height;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Duration, sleep};

use crate::app::App;
use crate::config::Config;
use crate::context::Validators;
use crate::driver::{self, Driver, End};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::handle::{BoxFuture, Command, Handle, State, Status};
use crate::limits;
use crate::store::{self, Folder, Role, Store};

/// Starts a node. Before the future is done the store is open, every block it holds has been committed by `app`,
/// and the engine listens.
///
/// # Errors
/// Any of [`Error`]; [`Error::App`] with [`AppError::Unavailable`](crate::AppError::Unavailable) is worth trying again.
pub fn start(config: Config, app: Arc<dyn App>) -> BoxFuture<Result<Handle>> {
    Box::pin(async move {
        let (node, handle) = Node::prepare(config, app).await?;
        tokio::spawn(node.run());
        Ok(handle)
    })
}

/// Everything that lives longer than one engine.
struct Node {
    config: Config,
    app: Arc<dyn App>,
    folder: Folder,
    store: store::Shared,
    engine: Option<Engine>,
    commands: mpsc::Receiver<Command>,
    status: watch::Sender<Status>,
    wake: Arc<Notify>,
    applied: u64,
    validators: Validators,
}

impl Node {
    async fn prepare(config: Config, app: Arc<dyn App>) -> Result<(Self, Handle)> {
        check(&config)?;
        let (dir, network, history) = (config.dir.clone(), config.network, config.history);
        let opened = tokio::task::spawn_blocking(move || {
            let folder = Folder::open(&dir, &network)?;
            Ok((folder, Store::open(&dir, history)?))
        });
        let (mut folder, mut store) = opened.await.map_err(|_| Error::Stopped)??;
        let tip = store.tip();
        let applied = app.height().await.map_err(Error::App)?.0;
        if applied > tip && folder.role() != Role::Follower {
            tracing::error!(store.tip = tip, app.height = applied, "the store is older than the application");
            folder.set_role(Role::Follower)?;
        }
        let validators = catch_up(&config, &app, &mut store, applied).await?;
        let state = match folder.role() {
            Role::New | Role::Validator => State::Validator,
            Role::Follower => State::Follower,
        };
        if state == State::Follower {
            tracing::warn!("this node follows without voting until it has caught up: its store was lost");
        }
        let status = Status { tip: Height(tip), height: Height(tip + 1), round: 0, state };
        let (status, watched) = watch::channel(status);
        let (sender, commands) = mpsc::channel(16);
        let wake = Arc::new(Notify::new());
        let handle = Handle { commands: sender, wake: wake.clone(), status: watched };
        let store = store::Shared::new(store);
        let applied = applied.max(tip);
        let mut node =
            Self { config, app, folder, store, engine: None, commands, status, wake, applied, validators };
        node.engine = Some(node.start_engine().await?);
        Ok((node, handle))
    }

    /// Starts an engine in the role the folder allows; a new key becomes one that may have voted first.
    async fn start_engine(&mut self) -> Result<Engine> {
        if self.folder.role() == Role::New {
            self.folder.set_role(Role::Validator)?;
        }
        let votes = self.folder.role() == Role::Validator;
        Engine::start(&self.config, votes, self.folder.wal()).await
    }

    async fn run(mut self) {
        let mut restarts = 0;
        let mut restarted_at = 0;
        loop {
            let end = match self.drive().await {
                Ok(end) => end,
                Err(error) => End::Halted(describe(&error)),
            };
            match end {
                End::Shutdown(reply) => return self.finish(reply).await,
                End::Halted(reason) => return self.halt(reason).await,
                End::Caught => {
                    tracing::info!("caught up: this node votes from the next height on");
                    if let Err(error) = self.folder.set_role(Role::Validator) {
                        return self.halt(describe(&error)).await;
                    }
                    self.status.send_modify(|status| status.state = State::Validator);
                }
                End::Engine => {
                    let may_restart = match self.engine.as_mut() {
                        Some(engine) => engine.may_restart().await,
                        None => true,
                    };
                    let tip = self.status.borrow().tip.0;
                    restarts = if tip > restarted_at { 1 } else { restarts + 1 };
                    restarted_at = tip;
                    if !may_restart || restarts > limits::ENGINE_RESTARTS_MAX {
                        return self.halt("the engine stopped; its log says why".to_owned()).await;
                    }
                    sleep(Duration::from_secs(1)).await;
                }
            }
            if let Err(error) = self.restart().await {
                return self.halt(describe(&error)).await;
            }
        }
    }

    /// Runs the loop on the engine until there is a reason to stop.
    async fn drive(&mut self) -> Result<End> {
        let Some(engine) = self.engine.as_mut() else {
            return Ok(End::Engine);
        };
        let tip = self.store.run(|store| Ok(store.tip())).await?;
        let driver = Driver::new(driver::Parts {
            config: &mut self.config,
            app: self.app.clone(),
            store: self.store.clone(),
            engine,
            commands: &mut self.commands,
            status: &self.status,
            wake: self.wake.clone(),
            votes: self.folder.role() == Role::Validator,
            applied: self.applied,
            tip,
            validators: self.validators.clone(),
        });
        driver.run().await
    }

    /// A new engine, after committing what the last one may have left decided and not applied.
    async fn restart(&mut self) -> Result<()> {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
        self.applied = driver::applied_height(&self.app).await.map_err(Error::App)?;
        let (tip, missing) = {
            let applied = self.applied;
            self.store.run(move |store| Ok((store.tip(), store.decided(applied + 1)?))).await?
        };
        let mut committed = None;
        if let Some((block, certificate)) = missing {
            committed =
                Some(driver::commit_retrying(&self.app, block, certificate).await.map_err(Error::App)?);
        }
        self.applied = self.applied.max(tip);
        self.validators = match committed {
            Some(committed) => Validators::new(&committed.next_validators)?,
            None => validators_of(&self.config, &self.app, tip + 1).await?,
        };
        self.engine = Some(self.start_engine().await?);
        Ok(())
    }

    /// Stops; answers when the folder and the address are free.
    async fn finish(mut self, reply: Option<oneshot::Sender<()>>) {
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
        self.status.send_modify(|status| status.state = State::Stopped);
        tracing::info!("consensus has stopped");
        drop(self);
        if let Some(reply) = reply {
            let _ = reply.send(());
        }
    }

    /// Stops voting, says why, and answers questions until it is shut down.
    async fn halt(mut self, reason: String) {
        tracing::error!(reason, "consensus halts");
        if let Some(engine) = self.engine.take() {
            engine.stop().await;
        }
        self.status.send_modify(|status| status.state = State::Halted { reason });
        while let Some(command) = self.commands.recv().await {
            match command {
                Command::Shutdown(reply) => return self.finish(Some(reply)).await,
                Command::Peers(reply) => {
                    let _ = reply.send(Vec::new());
                }
                Command::AddPeer(_, reply) | Command::RemovePeer(_, reply) => {
                    let _ = reply.send(Err(Error::Stopped));
                }
            }
        }
    }
}

/// Commits what the store holds above the application's height. Gives the validators of the height after the tip.
async fn catch_up(
    config: &Config,
    app: &Arc<dyn App>,
    store: &mut Store,
    applied: u64,
) -> Result<Validators> {
    let tip = store.tip();
    let mut last = None;
    for height in applied + 1..=tip {
        let (block, certificate) = store.decided(height)?.ok_or(Error::PayloadMissing(Height(height)))?;
        last = Some(driver::commit_retrying(app, block, certificate).await.map_err(Error::App)?);
    }
    match last {
        Some(committed) => Validators::new(&committed.next_validators),
        None => validators_of(config, app, tip + 1).await,
    }
}

async fn validators_of(config: &Config, app: &Arc<dyn App>, height: u64) -> Result<Validators> {
    if height == 1 {
        return Validators::new(&config.genesis);
    }
    let set = app.validators(Height(height)).await.map_err(Error::App)?;
    Validators::new(&set)
}

fn check(config: &Config) -> Result<()> {
    Validators::new(&config.genesis)?;
    let t = &config.timeouts;
    if [t.propose, t.vote, t.rebroadcast, t.max, config.heartbeat].iter().any(Duration::is_zero) {
        return Err(Error::Config("a timeout or the heartbeat is zero".into()));
    }
    let own = crate::identity::peer_id(&config.key.public_key())?;
    if config.peers.iter().any(|peer| peer.peer().map(|id| id.to_string()).as_deref() == Some(&own)) {
        return Err(Error::Config("the node is listed as its own peer".into()));
    }
    Ok(())
}

/// An error with its causes, on one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
