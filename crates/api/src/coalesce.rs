//! Concurrent requests that share one batch: one transaction and one fsync, or one query, for all that wait.
//!
//! No timer makes anyone wait. A worker takes whatever is queued and works on it; what arrives meanwhile is the
//! next batch. So a single request is served at once, and batches grow just as large as the load demands.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::limits::RETRY_AFTER_OVERLOAD_SECONDS;
use crate::problem::{Problem, ProblemType};

/// How much is taken together, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub struct CoalesceLimits {
    /// Most requests in one batch.
    pub batch_max: NonZeroUsize,
    /// Most requests waiting; one more is refused as overload.
    pub queue_max: NonZeroUsize,
    /// Batches worked on at the same time. One keeps requests in order and batches large.
    pub workers: NonZeroUsize,
}

impl CoalesceLimits {
    /// One worker, batches of up to 512, and 4,096 waiting: at 5,000 requests/s less than a second of work.
    pub const DEFAULT: Self = Self {
        batch_max: NonZeroUsize::new(512).unwrap(),
        queue_max: NonZeroUsize::new(4_096).unwrap(),
        workers: NonZeroUsize::MIN,
    };
}

struct Waiting<Req, Resp> {
    request: Req,
    answer: oneshot::Sender<Result<Resp, Problem>>,
}

type BatchFn<Req, Resp> = dyn Fn(Vec<Req>) -> BoxFuture<'static, Result<Vec<Resp>, Problem>> + Send + Sync;

/// Gathers concurrent requests into batches. Clones share one queue.
pub struct Coalescer<Req, Resp> {
    queue: mpsc::Sender<Waiting<Req, Resp>>,
}

impl<Req, Resp> Clone for Coalescer<Req, Resp> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<Req: Send + 'static, Resp: Send + 'static> Coalescer<Req, Resp> {
    /// Starts the workers on `tasks`. They end by themselves when every clone of the coalescer is gone and the
    /// queue is empty, so that a shutdown loses nothing that was accepted.
    ///
    /// `batch` answers each request at its place: as many answers as requests. A refusal of one request belongs
    /// into its answer; an error is given to all of the batch.
    pub fn start<F, Fut>(name: &'static str, limits: CoalesceLimits, tasks: &TaskTracker, batch: F) -> Self
    where
        F: Fn(Vec<Req>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Resp>, Problem>> + Send + 'static,
    {
        let (queue, waiting) = mpsc::channel(limits.queue_max.get());
        let waiting = Arc::new(Mutex::new(waiting));
        let batch: Arc<BatchFn<Req, Resp>> = Arc::new(move |requests| Box::pin(batch(requests)));
        for worker in 0..limits.workers.get() {
            let span = tracing::info_span!("coalesce", batch.name = name, worker);
            let work = work(name, Arc::clone(&waiting), Arc::clone(&batch), limits.batch_max.get());
            tasks.spawn(work.instrument(span));
        }
        Self { queue }
    }

    /// Queues `request` and waits for its answer. A caller that goes away does not stop what it asked for.
    ///
    /// # Errors
    /// `overloaded` when the queue is full or the service is stopping; nothing was done then. Otherwise what the
    /// batch failed with.
    pub async fn submit(&self, request: Req) -> Result<Resp, Problem> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { request, answer }).map_err(|_| overloaded())?;
        answered.await.unwrap_or_else(|_| Err(Problem::internal("the batch ended without an answer")))
    }
}

fn overloaded() -> Problem {
    Problem::new(ProblemType::Overloaded).retry_after(RETRY_AFTER_OVERLOAD_SECONDS)
}

async fn work<Req: Send + 'static, Resp: Send + 'static>(
    name: &'static str,
    waiting: Arc<Mutex<mpsc::Receiver<Waiting<Req, Resp>>>>,
    batch: Arc<BatchFn<Req, Resp>>,
    batch_max: usize,
) {
    let mut taken = Vec::with_capacity(batch_max);
    loop {
        // The lock is held while waiting for the first request and while taking the rest, not while working.
        if waiting.lock().await.recv_many(&mut taken, batch_max).await == 0 {
            return;
        }
        let (requests, answers): (Vec<_>, Vec<_>) = taken.drain(..).map(|w| (w.request, w.answer)).unzip();
        let asked = requests.len();
        // A task of its own, so that a panic ends one batch and not the worker.
        let outcome = match tokio::spawn(batch(requests).in_current_span()).await {
            Ok(Ok(given)) if given.len() == asked => Ok(given),
            Ok(Ok(given)) => {
                Err(Problem::internal(format!("{name}: {asked} requests, {} answers", given.len())))
            }
            Ok(Err(problem)) => Err(problem),
            Err(ended) => Err(Problem::internal(ended)),
        };
        reply(answers, outcome);
    }
}

/// Gives each caller its answer; those that went away are passed over.
fn reply<Resp>(answers: Vec<oneshot::Sender<Result<Resp, Problem>>>, outcome: Result<Vec<Resp>, Problem>) {
    match outcome {
        Ok(given) => answers.into_iter().zip(given).for_each(|(answer, response)| {
            let _gone = answer.send(Ok(response));
        }),
        Err(problem) => answers.into_iter().for_each(|answer| {
            let _gone = answer.send(Err(problem.clone()));
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex as StdMutex;

    use tokio::sync::Semaphore;

    use super::*;

    fn limits(batch_max: usize, queue_max: usize) -> CoalesceLimits {
        CoalesceLimits {
            batch_max: NonZeroUsize::new(batch_max).unwrap(),
            queue_max: NonZeroUsize::new(queue_max).unwrap(),
            workers: NonZeroUsize::MIN,
        }
    }

    struct Gated {
        coalescer: Coalescer<u32, u32>,
        gate: Arc<Semaphore>,
        sizes: Arc<StdMutex<Vec<usize>>>,
        started: mpsc::UnboundedReceiver<()>,
        tasks: TaskTracker,
    }

    /// A coalescer that doubles numbers, one batch for each permit of its gate.
    fn gated(limits: CoalesceLimits) -> Gated {
        let (gate, sizes) = (Arc::new(Semaphore::new(0)), Arc::new(StdMutex::new(Vec::new())));
        let (tell, started) = mpsc::unbounded_channel();
        let tasks = TaskTracker::new();
        let (gate_in, sizes_in) = (Arc::clone(&gate), Arc::clone(&sizes));
        let coalescer = Coalescer::start("double", limits, &tasks, move |numbers: Vec<u32>| {
            let (gate, sizes, tell) = (Arc::clone(&gate_in), Arc::clone(&sizes_in), tell.clone());
            async move {
                sizes.lock().unwrap().push(numbers.len());
                tell.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                Ok(numbers.into_iter().map(|n| n * 2).collect())
            }
        });
        Gated { coalescer, gate, sizes, started, tasks }
    }

    #[tokio::test]
    async fn what_arrives_during_a_batch_is_the_next_one_and_everyone_gets_its_own_answer() {
        let mut g = gated(limits(512, 4_096));
        let first = tokio::spawn({
            let c = g.coalescer.clone();
            async move { c.submit(1).await }
        });
        g.started.recv().await.unwrap();
        let rest = futures::future::join_all((2..=100).map(|n| g.coalescer.submit(n)));
        let (rest, ()) = futures::join!(rest, async { g.gate.add_permits(2) });
        assert_eq!(first.await.unwrap().unwrap(), 2);
        let doubled: Vec<u32> = rest.into_iter().map(Result::unwrap).collect();
        assert_eq!(doubled, (2..=100).map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(*g.sizes.lock().unwrap(), [1, 99]);
    }

    #[tokio::test]
    async fn a_full_queue_is_overload_and_takes_nothing() {
        let mut g = gated(limits(1, 2));
        let running = tokio::spawn({
            let c = g.coalescer.clone();
            async move { c.submit(1).await }
        });
        g.started.recv().await.unwrap();
        let both = futures::future::join(g.coalescer.submit(2), g.coalescer.submit(3));
        let refused = async {
            let refused = g.coalescer.submit(4).await;
            g.gate.add_permits(3);
            refused
        };
        let ((two, three), four) = futures::join!(both, refused);
        assert_eq!((two.unwrap(), three.unwrap()), (4, 6));
        assert_eq!(four.unwrap_err().kind(), ProblemType::Overloaded);
        assert_eq!(running.await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_batch_that_panics_or_answers_too_little_fails_alone() {
        let tasks = TaskTracker::new();
        let coalescer = Coalescer::start("odd", limits(8, 8), &tasks, |numbers: Vec<u32>| async move {
            assert!(!numbers.contains(&13), "an unlucky number");
            Ok(numbers.into_iter().filter(|n| *n != 0).collect())
        });
        assert_eq!(coalescer.submit(13).await.unwrap_err().kind(), ProblemType::Internal);
        assert_eq!(coalescer.submit(0).await.unwrap_err().kind(), ProblemType::Internal);
        assert_eq!(coalescer.submit(7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn workers_end_when_the_last_user_is_gone() {
        let g = gated(limits(8, 8));
        g.gate.add_permits(1);
        assert_eq!(g.coalescer.submit(21).await.unwrap(), 42);
        drop(g.coalescer);
        g.tasks.close();
        g.tasks.wait().await;
    }
}
