use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::app::App;

/// Why the next height starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The application has something to decide.
    Work,
    /// Nothing happened for a heartbeat.
    Heartbeat,
    /// Somebody called `Handle::wake`.
    Woken,
    /// A peer is working on the next height, or this node is behind.
    Peers,
}

impl Reason {
    /// Whether the peers may not know of it yet.
    pub(super) fn is_news(self) -> bool {
        matches!(self, Self::Work | Self::Heartbeat)
    }
}

/// The pause after a committed height.
pub(super) struct Pace {
    work: BoxFuture<'static, ()>,
    deadline: Instant,
}

impl Pace {
    pub(super) fn new(app: Arc<dyn App>, heartbeat: Duration) -> Self {
        let work = async move { app.wait_for_work().await }.boxed();
        Self { work, deadline: Instant::now() + heartbeat }
    }

    /// Ends the pause. May be dropped and called again.
    pub(super) async fn wait(&mut self, wake: &Notify) -> Reason {
        tokio::select! {
            () = &mut self.work => Reason::Work,
            () = wake.notified() => Reason::Woken,
            () = sleep_until(self.deadline) => Reason::Heartbeat,
        }
    }
}
