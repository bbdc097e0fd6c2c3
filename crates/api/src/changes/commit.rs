//! One transaction for all changes that wait.

use std::sync::Arc;

use actix_web::http::StatusCode;
use store::PgConnection;
use store::raised_alert::{self, RaisedAlert};
use uuid::Uuid;

use super::Wanted;
use super::answer::{StateChange, refused_here};
use crate::alerts::reference;
use crate::idempotency::{Answer, Known, WriteRequest, known, record, repeat};
use crate::intake::{self, EventRef, Knowledge, Outcome, Prepared, Refused, Stored, alert_of};
use crate::label::ambiguous;
use crate::problem::{Problem, ProblemType};
use crate::shared::Shared;

/// A change that waits for its transaction.
pub(super) struct Job {
    pub(super) wanted: Wanted,
    pub(super) event: Prepared,
    /// None when the service itself asks again: the client's key is taken then.
    pub(super) request: Option<WriteRequest>,
}

/// What became of a change in its transaction.
pub(super) enum Done {
    /// It was answered before under the same key, or is refused now: this is the answer.
    Answered(Answer),
    /// The key cannot be used, or nothing is recorded of the refusal.
    Refused(Problem),
    /// It is stored, and on its way to the ledger.
    Taken(EventRef),
}

/// Commits all of `jobs`; gives what became of each, in order.
pub(super) async fn commit(shared: Arc<Shared>, jobs: Vec<Job>) -> Result<Vec<Done>, Problem> {
    let knowledge = Knowledge::of(&shared, shared.view()?);
    let jobs = Arc::new(jobs.into_iter().map(Parted::of).collect::<Vec<_>>());
    let done = repeat(|| commit_new(&shared, &knowledge, &jobs)).await?;
    if done.iter().any(|one| matches!(one, Done::Taken(_))) {
        shared.wake_node();
    }
    if done.iter().any(is_new_refusal) {
        shared.wake_delivery();
    }
    Ok(done)
}

/// A refusal may have raised an alert for another organisation, which the node sends.
fn is_new_refusal(done: &Done) -> bool {
    matches!(done, Done::Answered(answer) if answer.status() == StatusCode::CONFLICT.as_u16())
}

/// A job whose event stands alone, so that the events of some jobs can be stored together.
struct Parted {
    wanted: Wanted,
    event: Arc<Prepared>,
    request: Option<WriteRequest>,
}

impl Parted {
    fn of(job: Job) -> Self {
        Self { wanted: job.wanted, event: Arc::new(job.event), request: job.request }
    }
}

async fn commit_new(
    shared: &Arc<Shared>,
    knowledge: &Knowledge,
    jobs: &Arc<Vec<Parted>>,
) -> Result<Vec<Done>, Problem> {
    let (shared, knowledge, jobs) = (Arc::clone(shared), knowledge.clone(), Arc::clone(jobs));
    let pool = shared.pool.clone();
    store::tx(&pool, "change_state", move |conn| {
        let (shared, knowledge, jobs) = (Arc::clone(&shared), knowledge.clone(), Arc::clone(&jobs));
        Box::pin(async move { work(conn, &shared, &knowledge, &jobs).await })
    })
    .await
}

async fn work(
    conn: &mut PgConnection,
    shared: &Shared,
    knowledge: &Knowledge,
    jobs: &[Parted],
) -> Result<Vec<Done>, Problem> {
    let mut done = earlier(conn, jobs).await?;
    let new: Vec<&Parted> =
        jobs.iter().zip(&done).filter(|(_, known)| known.is_none()).map(|(job, _)| job).collect();
    let events: Vec<&Prepared> = new.iter().map(|job| job.event.as_ref()).collect();
    let stored = intake::store(conn, knowledge, &events).await?;
    let mut results = Results { shared, knowledge, alerts: Vec::new(), answers: Vec::new() };
    let mut outcomes = Vec::with_capacity(new.len());
    for (job, stored) in new.into_iter().zip(stored) {
        outcomes.push(results.of(job, &stored)?);
    }
    raised_alert::raise(conn, &results.alerts).await?;
    record(conn, &results.answers, knowledge.now_ms).await?;
    let mut outcomes = outcomes.into_iter();
    for place in &mut done {
        if place.is_none() {
            *place = outcomes.next();
        }
    }
    let whole: Option<Vec<Done>> = done.into_iter().collect();
    whole.ok_or_else(|| Problem::internal("fewer events were stored than given"))
}

/// What is known of each job under its idempotency key; none for those that are new.
async fn earlier(conn: &mut PgConnection, jobs: &[Parted]) -> Result<Vec<Option<Done>>, Problem> {
    let keyed: Vec<(Uuid, WriteRequest)> =
        jobs.iter().filter_map(|job| Some((job.wanted.client, job.request.clone()?))).collect();
    let mut known = known(conn, &keyed).await?.into_iter();
    let one = |job: &Parted| match job.request.as_ref().and_then(|_| known.next()) {
        None | Some(Known::New) => None,
        Some(Known::Answered(answer)) => Some(Done::Answered(answer)),
        Some(Known::Refused(problem)) => Some(Done::Refused(problem)),
    };
    Ok(jobs.iter().map(one).collect())
}

/// What is to be written besides the events.
struct Results<'a> {
    shared: &'a Shared,
    knowledge: &'a Knowledge,
    alerts: Vec<RaisedAlert>,
    answers: Vec<(Uuid, WriteRequest, Answer)>,
}

impl Results<'_> {
    fn of(&mut self, job: &Parted, stored: &Stored) -> Result<Done, Problem> {
        match (stored.outcome, stored.refused.first()) {
            (Outcome::New(at), _) => {
                let change = StateChange::pending(self.shared, &job.wanted, job.event.event_id());
                self.keep(job, Answer::json(StatusCode::OK, &change)?);
                Ok(Done::Taken(at))
            }
            (Outcome::Refused, Some(refused)) => {
                let problem = self.refusal(&job.wanted, refused);
                let answer = Answer::problem(problem)?;
                self.keep(job, answer.clone());
                Ok(Done::Answered(answer))
            }
            // The service asks again under an eventID that follows from the first: somebody was quicker.
            (Outcome::Known(at), _) => Ok(Done::Taken(at)),
            (Outcome::Conflict, _) if job.request.is_none() => {
                Ok(Done::Refused(Problem::new(ProblemType::IdempotencyKeyInUse).retry_after(1)))
            }
            _ => Err(Problem::internal("a fresh event was not stored")),
        }
    }

    fn refusal(&mut self, wanted: &Wanted, refused: &Refused) -> Problem {
        if wanted.label.other_readings && refused.code() == lifecycle::Refusal::UnknownPack.as_str() {
            return ambiguous(wanted.label.pointer);
        }
        let raised = alert_of(refused, Some(&wanted.site), self.knowledge, &self.shared.entropy);
        let problem = refused_here(wanted, refused, raised.as_ref().map(reference));
        self.alerts.extend(raised);
        problem
    }

    fn keep(&mut self, job: &Parted, answer: Answer) {
        if let Some(request) = &job.request {
            self.answers.push((job.wanted.client, request.clone(), answer));
        }
    }
}
