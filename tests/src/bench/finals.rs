//! When blocks were indexed at every node, as each node's own database tells it (LISTEN): nobody is polled, so that
//! watching costs the measured machine nothing.

use anyhow::{Context as _, Result, bail};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use store::PgPool;
use store::notify::{Listener, Signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How far all nodes are, and since when. Following ends when it is dropped.
#[derive(Debug)]
pub struct Finals {
    seen: Arc<Seen>,
    _followers: JoinSet<()>,
}

#[derive(Debug)]
struct Seen {
    heights: Mutex<Heights>,
    everywhere: watch::Sender<u64>,
}

#[derive(Debug)]
struct Heights {
    /// Of each node.
    nodes: Vec<u64>,
    /// The lowest of them each time it rose, and when.
    reached: Vec<(u64, Instant)>,
}

impl Finals {
    /// Starts to listen at these databases.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn follow(pools: impl Iterator<Item = &PgPool>) -> Result<Self> {
        let mut listeners = Vec::new();
        for pool in pools {
            listeners.push((Listener::connect(pool).await?, pool.clone()));
        }
        let heights = Heights { nodes: vec![0; listeners.len()], reached: Vec::new() };
        let seen = Arc::new(Seen { heights: Mutex::new(heights), everywhere: watch::Sender::new(0) });
        let mut followers = JoinSet::new();
        for (node, (mut listener, pool)) in listeners.into_iter().enumerate() {
            let seen = seen.clone();
            followers.spawn(async move {
                seen.look(node, &pool).await;
                loop {
                    match listener.next().await {
                        Ok(Signal::Final { height }) => seen.note(node, height),
                        Ok(Signal::Wake) => {}
                        Ok(Signal::Reconnected) => seen.look(node, &pool).await,
                        // The row that waits for this node runs into its bound and says so.
                        Err(_) => return,
                    }
                }
            });
        }
        Ok(Self { seen, _followers: followers })
    }

    /// The height that every node has indexed.
    pub fn everywhere(&self) -> u64 {
        *self.seen.everywhere.borrow()
    }

    /// When the last node had indexed this height.
    pub fn reached(&self, height: u64) -> Option<Instant> {
        let heights = self.seen.lock();
        let at = heights.reached.partition_point(|(reached, _)| *reached < height);
        heights.reached.get(at).map(|(_, when)| *when)
    }

    /// Waits until every node has indexed a height above `height`, at most `patience`; says how far they are then.
    pub async fn above(&self, height: u64, patience: Duration) -> u64 {
        let mut everywhere = self.seen.everywhere.subscribe();
        let _late = tokio::time::timeout(patience, everywhere.wait_for(|at| *at > height)).await;
        self.everywhere()
    }

    /// Waits until every node has indexed a height; says when the last one had.
    ///
    /// # Errors
    /// When that takes longer than `within`.
    pub async fn until(&self, height: u64, within: Duration) -> Result<Instant> {
        let reached = self.above(height.saturating_sub(1), within).await;
        if reached < height {
            bail!("after {} s not every node has block {height}, only {reached}", within.as_secs());
        }
        self.reached(height).context("a block was reached at no moment")
    }
}

impl Seen {
    async fn look(&self, node: usize, pool: &PgPool) {
        let Ok(mut conn) = pool.acquire().await else { return };
        if let Ok(Some(head)) = store::node_state::head(&mut conn).await {
            self.note(node, head.height);
        }
    }

    fn note(&self, node: usize, height: u64) {
        let mut heights = self.lock();
        if let Some(of_node) = heights.nodes.get_mut(node) {
            *of_node = height.max(*of_node);
        }
        let lowest = heights.nodes.iter().copied().min().unwrap_or(0);
        if heights.reached.last().is_none_or(|(reached, _)| *reached < lowest) {
            heights.reached.push((lowest, Instant::now()));
            self.everywhere.send_replace(lowest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Heights> {
        self.heights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_is_where_the_slowest_node_is() {
        let heights = Heights { nodes: vec![0; 3], reached: Vec::new() };
        let seen = Arc::new(Seen { heights: Mutex::new(heights), everywhere: watch::Sender::new(0) });
        let finals = Finals { seen: seen.clone(), _followers: JoinSet::new() };
        for (node, height) in [(0, 5), (1, 4), (2, 3), (2, 2), (2, 4), (1, 6)] {
            seen.note(node, height);
        }
        assert_eq!(finals.everywhere(), 4);
        assert!(finals.reached(4) > finals.reached(3));
        assert_eq!(finals.reached(5), None);
    }
}
