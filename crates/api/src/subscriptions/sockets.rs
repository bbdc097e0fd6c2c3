//! The open WebSockets of this process: how many there are, and how they are told to end.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::limits::{SOCKETS_MAX, SOCKETS_PER_CLIENT_MAX};
use crate::problem::{Problem, ProblemType};

/// Why a socket is ended by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The service stops.
    Stopping,
    /// The query was deleted, or the client may not subscribe any more.
    Withdrawn,
}

struct Entry {
    client: Uuid,
    query: Uuid,
    end: oneshot::Sender<End>,
}

/// The open WebSockets.
pub struct Sockets {
    open: Mutex<HashMap<Uuid, Entry>>,
    gauge: Gauge,
}

impl Sockets {
    /// None yet, counted by `gauge`.
    #[must_use]
    pub fn new(gauge: Gauge) -> Self {
        Self { open: Mutex::default(), gauge }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a socket.
    ///
    /// # Errors
    /// `too-many` for a client with all it may have; `overloaded` when the process has.
    pub fn open(self: &Arc<Self>, id: Uuid, client: Uuid, query: Uuid) -> Result<OpenSocket, Problem> {
        let mut open = self.lock();
        if open.len() >= SOCKETS_MAX {
            return Err(Problem::new(ProblemType::Overloaded)
                .retry_after(60)
                .detail("too many open WebSockets"));
        }
        if open.values().filter(|entry| entry.client == client).count() >= SOCKETS_PER_CLIENT_MAX {
            let detail = format_args!("a client has {SOCKETS_PER_CLIENT_MAX} WebSockets at most");
            return Err(Problem::new(ProblemType::TooMany).detail(detail));
        }
        let (end, ended) = oneshot::channel();
        open.insert(id, Entry { client, query, end });
        self.gauge.inc();
        Ok(OpenSocket { id, ended, sockets: Arc::clone(self) })
    }

    /// The queries that are listened to.
    pub fn queries(&self) -> Vec<Uuid> {
        let queries: HashSet<Uuid> = self.lock().values().map(|entry| entry.query).collect();
        queries.into_iter().collect()
    }

    /// Ends the sockets of a query.
    pub fn end_query(&self, query: Uuid) {
        self.end(End::Withdrawn, |entry| entry.query == query);
    }

    /// Ends all sockets.
    pub fn end_all(&self) {
        self.end(End::Stopping, |_| true);
    }

    fn end(&self, why: End, which: impl Fn(&Entry) -> bool) {
        for (_, entry) in self.lock().extract_if(|_, entry| which(entry)) {
            self.gauge.dec();
            // One that ends at this moment hears nothing.
            let _gone = entry.end.send(why);
        }
    }
}

/// A place among the open sockets, left when dropped.
pub struct OpenSocket {
    /// Its id.
    pub id: Uuid,
    ended: oneshot::Receiver<End>,
    sockets: Arc<Sockets>,
}

impl OpenSocket {
    /// Waits until the service ends it.
    pub async fn ended(&mut self) -> End {
        (&mut self.ended).await.unwrap_or(End::Stopping)
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        if self.sockets.lock().remove(&self.id).is_some() {
            self.sockets.gauge.dec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_bounded_left_and_ended() {
        let sockets = Arc::new(Sockets::new(Gauge::default()));
        let (client, query) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let open = |id: usize, client, query| sockets.open(Uuid::from_u128(id as u128), client, query);
        let mut held: Vec<_> =
            (0..SOCKETS_PER_CLIENT_MAX).map(|id| open(id, client, query).unwrap()).collect();
        assert_eq!(open(99, client, query).err().unwrap().kind(), ProblemType::TooMany);
        let other = open(100, Uuid::from_u128(3), Uuid::from_u128(4)).unwrap();
        held.pop();
        held.push(open(99, client, query).unwrap());
        sockets.end_query(query);
        assert_eq!(held[0].ended().await, End::Withdrawn);
        assert_eq!(sockets.queries(), [Uuid::from_u128(4)]);
        drop((held, other));
        assert_eq!(sockets.gauge.get(), 0);
        let all: Vec<_> =
            (0..SOCKETS_MAX).map(|id| open(id, Uuid::from_u128(id as u128), query).unwrap()).collect();
        assert_eq!(open(SOCKETS_MAX, client, query).err().unwrap().kind(), ProblemType::Overloaded);
        drop(all);
    }
}
