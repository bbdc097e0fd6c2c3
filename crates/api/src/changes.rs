//! Changing the state of packs. All who change something at the same time share one transaction and one fsync; the
//! result is waited for on the ledger, for as long as a person at a counter would wait.
//!
//! A change is written down once, under the client's idempotency key. What the ledger made of it is looked up each
//! time it is asked for, so that a repeated request learns the result that the first one did not wait for.

mod answer;
mod commit;
mod event;

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use gs1::Gln;
use ledger::{Hash, OrganisationId};
use lifecycle::{Refusal, Transition};
use store::JsonValue;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use answer::StateChange;
use answer::{refused_by_ledger, taken};
use commit::{Done, Job, commit};
pub use event::{event_id, occasion, place};

use crate::authenticate::today;
use crate::coalesce::{CoalesceLimits, Coalescer};
use crate::config::NodeTiming;
use crate::finality::Fate;
use crate::idempotency::WriteRequest;
use crate::intake::{EventRef, Knowledge};
use crate::label::{PackLabel, ReadLabel, ambiguous};
use crate::problem::{AlertReference, Fault, Problem, ProblemType};
use crate::shared::Shared;

/// How many times a change that a recall overtook is asked again: once, with the directory that the ledger judged by.
const RECHECKS_MAX: u32 = 1;

/// Alerts of one pack that are looked through for the one that a refusal raised.
const ALERTS_LOOKED_AT: u32 = 16;

/// One change of one pack that a client asks for.
pub struct Asked {
    /// Who asks.
    pub client: Uuid,
    /// Where.
    pub site: Gln,
    /// Under which idempotency key.
    pub request: WriteRequest,
    /// What its label says.
    pub label: PackLabel,
    /// What is to be done.
    pub transition: Transition,
}

/// A change whose pack was read and whose owner is known.
#[derive(Clone)]
struct Wanted {
    client: Uuid,
    site: Gln,
    label: ReadLabel,
    transition: Transition,
    issuer: OrganisationId,
    key: Hash,
}

/// The queue in which changes share their transactions. Clones share it.
#[derive(Clone)]
pub struct Changes(Coalescer<Job, Done>);

impl Changes {
    /// Starts the worker on `tasks`.
    pub fn start(shared: &web::Data<Shared>, tasks: &TaskTracker) -> Self {
        let shared = shared.clone().into_inner();
        let batch = move |jobs: Vec<Job>| commit(Arc::clone(&shared), jobs);
        Self(Coalescer::start("change_state", CoalesceLimits::DEFAULT, tasks, batch))
    }

    /// Makes a change and answers with its result, or with `final: false` when that takes too long.
    ///
    /// # Errors
    /// Faults of the label; `unknown-gtin-owner`; `not-ready`; `overloaded`; what the store fails with. A refusal is
    /// an answer.
    pub async fn change(&self, shared: &Shared, asked: Asked) -> Result<HttpResponse, Problem> {
        let view = shared.view()?;
        let label = asked.label.read(today(shared))?;
        let Some(product) = view.directory.product(&label.subject.pack.gtin) else {
            let fault = Fault::new(ProblemType::UnknownGtinOwner.name(), "no such product is registered");
            return Err(Problem::invalid(vec![fault.at(label.pointer)]));
        };
        read_whole(&label, asked.transition)?;
        let wanted = Wanted {
            client: asked.client,
            site: asked.site,
            key: label.subject.pack.record_key(product.owner),
            issuer: product.owner,
            transition: asked.transition,
            label,
        };
        let knowledge = Knowledge::of(shared, view);
        let event_id = format!("urn:uuid:{}", shared.new_id());
        let event = event::prepare(&wanted, &event_id, &knowledge, &shared.entropy)?;
        let job = Job { wanted: wanted.clone(), event, request: Some(asked.request) };
        match self.0.submit(job).await? {
            Done::Answered(answer) => match taken(&answer) {
                // The first request was taken: what became of it is looked up anew.
                Some(earlier) => self.result(shared, &wanted, &earlier).await,
                None => Ok(answer.respond()),
            },
            Done::Refused(problem) => Err(problem),
            Done::Taken(at) => self.follow(shared, &wanted, &event_id, at).await,
        }
    }

    /// The result of a change that was taken under this eventID, now or earlier.
    async fn result(
        &self,
        shared: &Shared,
        wanted: &Wanted,
        event_id: &str,
    ) -> Result<HttpResponse, Problem> {
        match stored(shared, event_id).await? {
            Some(at) => self.follow(shared, wanted, event_id, at).await,
            None => Err(Problem::internal("a change was answered whose event is not stored")),
        }
    }

    /// Waits for the result. A change that a recall or withdrawal overtook is asked once more, with what the ledger
    /// knew: the site was right to try, and the client need not know of the race.
    async fn follow(
        &self,
        shared: &Shared,
        wanted: &Wanted,
        event_id: &str,
        at: EventRef,
    ) -> Result<HttpResponse, Problem> {
        let patience = patience(shared);
        let (mut event_id, mut at) = (event_id.to_owned(), at);
        let mut rechecks = 0;
        loop {
            let fate = shared.finality.wait(at.seq, at.captured_at, wanted.key, patience).await;
            match fate {
                Fate::Pending => return StateChange::pending(shared, wanted, &event_id).respond(),
                Fate::Final { height, refusal: None } => {
                    return StateChange::done(shared, wanted, &event_id, height).respond();
                }
                Fate::Final { height, refusal: Some(Refusal::Recheck) } if rechecks < RECHECKS_MAX => {
                    rechecks += 1;
                    shared.directory.wait_for(patience, |view| view.height >= height).await;
                    event_id = event::again(&event_id);
                    at = match self.recheck(shared, wanted, &event_id).await? {
                        Done::Taken(at) => at,
                        Done::Refused(problem) => return Err(problem),
                        Done::Answered(answer) => return Ok(answer.respond()),
                    };
                }
                Fate::Final { refusal: Some(refusal), .. } => {
                    let alert = alert_of(shared, wanted).await?;
                    return Err(refused_by_ledger(wanted, refusal, alert));
                }
            }
        }
    }

    /// Asks again under an eventID that follows from the first, so that it is asked again only once.
    async fn recheck(&self, shared: &Shared, wanted: &Wanted, event_id: &str) -> Result<Done, Problem> {
        if let Some(at) = stored(shared, event_id).await? {
            return Ok(Done::Taken(at));
        }
        let knowledge = Knowledge::of(shared, shared.view()?);
        let event = event::prepare(wanted, event_id, &knowledge, &shared.entropy)?;
        self.0.submit(Job { wanted: wanted.clone(), event, request: None }).await
    }
}

/// The site that a key is bound to: one of this organisation's.
///
/// # Errors
/// `forbidden` when the directory has it as another organisation's, or not at all; `not-ready`.
pub fn own_site(shared: &Shared, site: Gln) -> Result<Gln, Problem> {
    let view = shared.view()?;
    let owner = view.directory.organisation_at(&site).map(|owner| owner.id.0);
    if owner == Some(shared.config.organisation.id) {
        return Ok(site);
    }
    let message = "the key is bound to a site that is not this organisation's in the directory";
    Err(Problem::new(ProblemType::Forbidden).with_fault(Fault::new("not_owner", message)))
}

/// What an expired pack must not undergo asks for the whole label: the ledger has lot and expiry blinded, so that only
/// the label tells them.
fn read_whole(label: &ReadLabel, transition: Transition) -> Result<(), Problem> {
    if matches!(transition, Transition::Destroy | Transition::Lock | Transition::ReportStolen) {
        return Ok(());
    }
    let scanned = label.pointer == "/scan";
    let members = [
        (label.subject.lot.is_none(), "/lot", "the lot (AI 10) is needed, as printed on the pack"),
        (
            label.subject.expiry.is_none(),
            "/expiry",
            "the expiry date (AI 17) is needed, as printed on the pack",
        ),
    ];
    let missing: Vec<Fault> = members
        .into_iter()
        .filter(|(missing, ..)| *missing)
        .map(|(_, at, message)| Fault::new("missing", message).at(if scanned { "/scan" } else { at }))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false if label.other_readings => Err(ambiguous(label.pointer)),
        false => Err(Problem::invalid(missing).next_action("Scan the Data Matrix code again, or type all four: product code, serial number, lot and expiry date.")),
    }
}

/// How long a request waits for the ledger.
#[must_use]
pub fn patience(shared: &Shared) -> Duration {
    let timing = shared.config.node.as_ref().map_or_else(NodeTiming::default, |node| node.timing);
    Duration::from_millis(timing.answer_ms)
}

async fn stored(shared: &Shared, event_id: &str) -> Result<Option<EventRef>, Problem> {
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let identity = store::event_identity::find(&mut conn, &[event_id]).await?.pop();
    Ok(identity.map(|one| EventRef { seq: one.event_seq, captured_at: one.captured_at }))
}

/// The alert that the node raised when it read the ledger's refusal.
async fn alert_of(shared: &Shared, wanted: &Wanted) -> Result<Option<AlertReference>, Problem> {
    let pack = &wanted.label.subject.pack;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let (gtin, serial) = (pack.gtin.as_str(), pack.serial.as_str());
    let alerts = store::alert::of_pack(&mut conn, gtin, serial, ALERTS_LOOKED_AT).await?;
    let own = shared.config.organisation.id;
    let raised = alerts.into_iter().find(|alert| alert.origin == own && is_text(&alert.detail));
    Ok(raised.map(|alert| AlertReference { id: alert.id.to_string(), code: alert.code }))
}

fn is_text(detail: &JsonValue) -> bool {
    detail.is_string()
}
