//! Load over many keep-alive connections: as fast as answers come (closed), or at moments set beforehand (open).
//! Bounded in connections and in time.

use anyhow::{Result, bail};
use futures::future::try_join_all;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::http::{Connection, Reply};
use super::quantiles::Quantiles;

/// Most connections of one load: with those of the harness under the usual 1,024 open files.
pub const CONNECTIONS_MAX: usize = 960;

/// Writes the next request into the buffer and names it; none when there are no more.
pub type Requests = Box<dyn FnMut(&mut Vec<u8>) -> Option<u64> + Send>;

/// What an answer was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// What was asked for, with a number that the row wants to keep.
    Good(u64),
    /// Accepted, and not final within the answer.
    Pending,
    /// Anything else.
    Bad(u16),
}

/// Judges an answer.
pub type Judge = fn(u64, &Reply<'_>) -> Worth;

/// One request and its answer.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Which request.
    pub request: u64,
    /// When it was answered, from the start of the load.
    pub answered: Duration,
    /// From when it was due (open) or sent (closed) until its answer was read.
    pub took: Duration,
    /// What the answer was worth.
    pub worth: Worth,
}

/// All that was asked in one load.
#[derive(Debug)]
pub struct Load {
    /// When it started.
    pub start: Instant,
    /// Every request and its answer, in no order.
    pub samples: Vec<Sample>,
}

/// Connections to one port.
///
/// # Errors
/// When more than [`CONNECTIONS_MAX`] are wanted, or one is refused.
pub async fn connect(port: u16, count: usize) -> Result<Vec<Connection>> {
    if count > CONNECTIONS_MAX {
        bail!("{count} connections are over the bound of {CONNECTIONS_MAX}");
    }
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        connections.push(Connection::open(port).await?);
    }
    Ok(connections)
}

/// Each connection asks again as soon as it was answered, for `within`.
///
/// # Errors
/// When a connection breaks.
pub async fn closed(
    connections: Vec<Connection>,
    mut requests: impl FnMut(usize) -> Requests,
    judge: Judge,
    within: Duration,
) -> Result<Load> {
    let start = Instant::now();
    let workers = connections.into_iter().enumerate().map(|(index, mut connection)| {
        let mut next = requests(index);
        flatten(tokio::spawn(async move {
            let (mut samples, mut bytes) = (Vec::new(), Vec::new());
            while start.elapsed() < within {
                bytes.clear();
                let Some(request) = next(&mut bytes) else { break };
                let sent = Instant::now();
                let worth = judge(request, &connection.ask(&bytes).await?);
                samples.push(Sample { request, answered: start.elapsed(), took: sent.elapsed(), worth });
            }
            Ok(samples)
        }))
    });
    Ok(Load { start, samples: try_join_all(workers).await?.concat() })
}

/// Requests are due at a steady rate, whatever became of those before: the connections take turns. A request that
/// waits for its connection waits in its time.
///
/// # Errors
/// When a connection breaks.
pub async fn open(
    connections: Vec<Connection>,
    mut requests: impl FnMut(usize) -> Requests,
    judge: Judge,
    per_second: f64,
    within: Duration,
) -> Result<Load> {
    let turns = connections.len().max(1);
    // All know their first moment before it comes.
    let start = Instant::now() + Duration::from_millis(50);
    let workers = connections.into_iter().enumerate().map(|(index, mut connection)| {
        let mut next = requests(index);
        flatten(tokio::spawn(async move {
            let (mut samples, mut bytes, mut turn) = (Vec::new(), Vec::new(), index);
            loop {
                let due = Duration::from_secs_f64(turn as f64 / per_second);
                if due >= within {
                    return Ok(samples);
                }
                bytes.clear();
                let Some(request) = next(&mut bytes) else { return Ok(samples) };
                tokio::time::sleep_until((start + due).into()).await;
                let worth = judge(request, &connection.ask(&bytes).await?);
                let answered = start.elapsed();
                samples.push(Sample { request, answered, took: answered.saturating_sub(due), worth });
                turn += turns;
            }
        }))
    });
    Ok(Load { start, samples: try_join_all(workers).await?.concat() })
}

async fn flatten(task: tokio::task::JoinHandle<Result<Vec<Sample>>>) -> Result<Vec<Sample>> {
    task.await?
}

impl Load {
    /// What all answers together say that were not good.
    pub fn complaints(&self) -> Option<String> {
        let mut pending = 0_usize;
        let mut bad = BTreeMap::<u16, usize>::new();
        for sample in &self.samples {
            match sample.worth {
                Worth::Good(_) => {}
                Worth::Pending => pending += 1,
                Worth::Bad(status) => *bad.entry(status).or_default() += 1,
            }
        }
        let counted = |(status, count)| format!("{count} of {} answered {status}", self.samples.len());
        let mut parts: Vec<String> = bad.into_iter().map(counted).collect();
        if pending > 0 {
            parts.insert(0, format!("{pending} of {} were not final in their answer", self.samples.len()));
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The good answers, each with the number that its judge kept.
    pub fn good(&self) -> impl Iterator<Item = (&Sample, u64)> {
        self.samples.iter().filter_map(|sample| match sample.worth {
            Worth::Good(number) => Some((sample, number)),
            _ => None,
        })
    }

    /// Good answers a second between two moments of the load.
    pub fn rate(&self, from: Duration, to: Duration) -> f64 {
        let good = self.good().filter(|(sample, _)| sample.answered >= from && sample.answered < to);
        good.count() as f64 / to.saturating_sub(from).as_secs_f64().max(0.001)
    }

    /// Times of the good answers after a moment of the load.
    pub fn times(&self, from: Duration) -> Quantiles {
        Quantiles::of(
            self.good().filter(|(sample, _)| sample.answered >= from).map(|(sample, _)| sample.took),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    async fn server() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut request = [0; 512];
                    while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                    }
                });
            }
        });
        port
    }

    #[tokio::test]
    async fn an_open_load_sends_what_is_due_and_a_closed_one_what_there_is() {
        let port = server().await;
        let requests = |index: usize| -> Requests {
            let mut left = 5_u64;
            Box::new(move |bytes| {
                left = left.checked_sub(1)?;
                bytes.extend(crate::bench::http::get("/", "k"));
                Some(index as u64 * 10 + left)
            })
        };
        let judge: Judge = |request, reply| {
            if request % 10 == 0 { Worth::Pending } else { Worth::Good(reply.status.into()) }
        };
        let four = connect(port, 4).await.unwrap();
        let load = closed(four, requests, judge, Duration::from_secs(30)).await.unwrap();
        assert_eq!(load.samples.len(), 20);
        assert_eq!(load.complaints().unwrap(), "4 of 20 were not final in their answer");
        assert_eq!(load.times(Duration::ZERO).count(), 16);
        let three = connect(port, 3).await.unwrap();
        let load = open(three, requests, judge, 100.0, Duration::from_millis(95)).await.unwrap();
        assert_eq!(load.samples.len(), 10, "at 0, 10, .. 90 ms");
        assert!(connect(port, CONNECTIONS_MAX + 1).await.is_err());
    }
}
