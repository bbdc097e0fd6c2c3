//! The end: nothing new is taken, what is being worked on is answered, connections are closed in order.

use std::time::Duration;

use futures::StreamExt;
use libp2p::PeerId;
use libp2p::request_response::{Event as Link, Message};
use libp2p::swarm::SwarmEvent;
use tokio::time::{Instant, sleep_until};
use tracing::info;

use super::Driver;
use crate::network::behaviour::Event;

/// Time between the last answer and the end of its connection: an answer that reaches a peer in one read with
/// the end is not seen there, and the peer would send again what it need not.
const ANSWER_LINGER: Duration = Duration::from_millis(100);

/// Time for connections to be closed; a peer that does not read is cut off.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

impl Driver {
    /// Ends the driver's work.
    pub(super) async fn drain(&mut self) {
        self.parts.commands.close();
        while let Some(command) = self.parts.commands.recv().await {
            drop(command);
        }
        self.waiting.clear();
        if self.is_answering() {
            let until = Instant::now() + self.parts.limits.inbox_timeout;
            self.run_until(until, |driver| !driver.is_answering()).await;
            self.run_until(Instant::now() + ANSWER_LINGER, |_| false).await;
        }
        let connected: Vec<PeerId> = self.parts.swarm.connected_peers().copied().collect();
        for peer in connected {
            // Fails only where the connection has closed by itself.
            let _ = self.parts.swarm.disconnect_peer_id(peer);
        }
        let until = Instant::now() + CLOSE_TIMEOUT;
        self.run_until(until, |driver| driver.parts.swarm.connected_peers().next().is_none()).await;
        info!("exchange stopped");
    }

    fn is_answering(&self) -> bool {
        !(self.answers.is_empty() && self.unanswered.is_empty())
    }

    /// Drives swarm and answers until `done`, or until the time is up.
    async fn run_until(&mut self, until: Instant, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            tokio::select! {
                event = self.parts.swarm.select_next_some() => self.on_last_event(event),
                Some(answered) = self.answers.join_next() => self.on_answered(answered),
                () = sleep_until(until) => break,
            }
        }
    }

    /// New requests are left without an answer: their senders try again later.
    fn on_last_event(&mut self, event: SwarmEvent<Event>) {
        match event {
            SwarmEvent::Behaviour(Event::Link(Link::Message {
                message: Message::Request { .. }, ..
            })) => {}
            SwarmEvent::Behaviour(Event::Link(event)) => self.on_link_event(event),
            _ => {}
        }
    }
}
