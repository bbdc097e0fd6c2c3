//! Noticing that a part of the node ended which nobody had told to.

use consensus::{State, Status};
use futures::future::select_all;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

/// A part of the node ended by itself: the node can no longer do its work, and must be stopped and looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} ended: {reason}")]
pub struct Ended {
    /// Which part: a loop of the node by its name, `consensus` or `exchange`.
    pub part: &'static str,
    /// Why, as far as the part could tell; for a log.
    pub reason: String,
}

impl Ended {
    pub(crate) fn new(part: &'static str, reason: impl ToString) -> Self {
        Self { part, reason: reason.to_string() }
    }
}

/// The node's own loops, by name. They run until they are told to stop.
pub(crate) struct Tasks(pub(crate) Vec<(&'static str, JoinHandle<()>)>);

impl Tasks {
    /// Resolves when the first of them ends. May be dropped at any time.
    pub(crate) async fn ended(&mut self) -> Ended {
        if self.0.is_empty() {
            return std::future::pending().await;
        }
        let (outcome, index, _) = select_all(self.0.iter_mut().map(|(_, task)| task)).await;
        // Taken out, because a handle must not be polled again once it has answered.
        let (part, _) = self.0.swap_remove(index);
        Ended::new(part, reason(&outcome))
    }

    /// Waits until all of them have ended.
    pub(crate) async fn finish(self) {
        for (part, task) in self.0 {
            if let Err(error) = task.await {
                tracing::error!(task = part, %error, "a task of the node failed");
            }
        }
    }
}

fn reason(outcome: &Result<(), JoinError>) -> String {
    match outcome {
        Ok(()) => "it returned without being told to".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Resolves when consensus has halted, was stopped, or is gone.
pub(crate) async fn consensus_ended(mut status: watch::Receiver<Status>) -> Ended {
    let over = |status: &Status| matches!(status.state, State::Halted { .. } | State::Stopped);
    let reason = match status.wait_for(over).await {
        Ok(status) => match &status.state {
            State::Halted { reason } => reason.clone(),
            _ => "it was stopped".to_owned(),
        },
        Err(_) => "its task is gone; the log says why".to_owned(),
    };
    Ended { part: "consensus", reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_loop_to_end_is_named_and_the_others_are_waited_for() {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut tasks = Tasks(vec![
            ("delivery", tokio::spawn(async move { drop(stopped.await) })),
            ("batcher", tokio::spawn(async { panic!("out of rows") })),
        ]);
        let ended = tasks.ended().await;
        assert_eq!(ended.part, "batcher");
        assert!(ended.reason.contains("out of rows"), "{ended}");
        drop(stop);
        assert_eq!(tasks.ended().await.part, "delivery");
        tasks.finish().await;
    }
}
