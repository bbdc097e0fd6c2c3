//! Changes to the directory that this organisation may make alone: products, recalls, withdrawals.

use std::sync::Arc;

use actix_web::http::StatusCode;
use gs1::{Gtin, Lot};
use ledger::directory::{ProductDetails, RecallClass, Stop};
use ledger::{Canonical as _, Directory, DirectoryChange, Height};
use lifecycle::Refusal;
use serde::{Deserialize, Serialize};
use store::directory_request::{DirectoryRequest, RequestKind, RequestState};
use store::outbox::NewOutboxRow;
use uuid::Uuid;

use crate::changes::patience;
use crate::clock::moment;
use crate::directory::DirectoryView;
use crate::idempotency::{Answer, WriteRequest, once_answer};
use crate::limits::TEXT_CHARS_MAX;
use crate::problem::{Fault, Problem, ProblemType};
use crate::shared::Shared;

/// A change, and how its request is told from others.
#[derive(Debug, Clone)]
pub struct Change {
    change: DirectoryChange,
    kind: RequestKind,
    gtin: Gtin,
    lot: Option<Lot>,
}

impl Change {
    /// Registers a product.
    #[must_use]
    pub fn product(details: ProductDetails) -> Self {
        let gtin = details.gtin;
        Self {
            change: DirectoryChange::RegisterProduct(details),
            kind: RequestKind::Product,
            gtin,
            lot: None,
        }
    }

    /// Recalls a lot, or without one withdraws the product.
    #[must_use]
    pub fn stop(gtin: Gtin, lot: Option<Lot>, class: RecallClass, reason: String) -> Self {
        let change = DirectoryChange::Stop { gtin, lot: lot.clone(), class, reason };
        Self { change, kind: RequestKind::Stop, gtin, lot }
    }

    /// What the directory has in this change's place: none while there is nothing, else a fault for each member in which
    /// that differs from what is asked.
    fn differences(&self, directory: &Directory) -> Option<Vec<Fault>> {
        match &self.change {
            DirectoryChange::RegisterProduct(asked) => {
                let there = directory.product(&asked.gtin)?;
                let members = [
                    ("/name", &asked.name, &there.name),
                    ("/form", &asked.form, &there.form),
                    ("/strength", &asked.strength, &there.strength),
                ];
                let differ = members.into_iter().filter(|(_, asked, there)| asked != there);
                Some(differ.map(|(at, _, there)| taken_as(Refusal::AlreadyRegistered, there, at)).collect())
            }
            DirectoryChange::Stop { gtin, lot, class, reason } => {
                let there = stop_of(directory, gtin, lot.as_ref())?;
                let mut faults = Vec::new();
                if there.class != *class {
                    let class = format!("{:?}", there.class);
                    faults.push(taken_as(Refusal::AlreadyStopped, &class, "/class"));
                }
                if there.reason != *reason {
                    faults.push(taken_as(Refusal::AlreadyStopped, &there.reason, "/reason"));
                }
                Some(faults)
            }
            _ => None,
        }
    }

    fn location(&self, request: Uuid) -> String {
        match self.kind {
            RequestKind::Product => format!("/v1/products/requests/{request}"),
            RequestKind::Stop => format!("/v1/recalls/requests/{request}"),
        }
    }
}

fn taken_as(refusal: Refusal, there: &str, pointer: &str) -> Fault {
    Fault::new(refusal.as_str(), format_args!("{refusal}: it is there as `{there}`")).at(pointer)
}

/// The recall of a lot or, without one, the withdrawal of the product.
pub fn stop_of<'a>(directory: &'a Directory, gtin: &Gtin, lot: Option<&Lot>) -> Option<&'a Stop> {
    match lot {
        Some(lot) => directory.recall(gtin, lot),
        None => directory.withdrawal(gtin),
    }
}

/// What became of a change by the time that its request is answered.
pub enum Became {
    /// It is on its way, or was refused here: this is the answer.
    Answered(Answer),
    /// Every node has agreed.
    Holds {
        /// The directory in which it holds.
        view: Arc<DirectoryView>,
        /// The request for it.
        request: Uuid,
        /// Where the request is read.
        location: String,
    },
}

/// The member of an answer that names the request, to find it again when the request is repeated.
#[derive(Deserialize)]
struct Taken {
    request_id: Uuid,
}

/// Hands a change to the ledger, once, if the rules admit it as far as is known here, and waits until the directory
/// has an entry in its place. `taken` makes the answer of a change on its way from the id of its request; it is kept under
/// the client's idempotency key. Who asked for something else than what came to be there is told so, and what differs.
///
/// # Errors
/// The ledger's refusal, and that of the rules here: `unknown-gtin-owner`, `foreign-product`, `already-exists`,
/// `state-conflict`; what the store fails with.
pub async fn submit<T: Serialize>(
    shared: &Shared,
    (client, request): (Uuid, WriteRequest),
    change: Change,
    taken: impl Fn(&str) -> T,
) -> Result<Became, Problem> {
    let id = shared.new_id();
    let answer = Answer::json(StatusCode::CREATED, &taken(&id.to_string()))?.at(change.location(id));
    let answer = hand_over(shared, (client, request), &change, (id, answer)).await?;
    shared.wake_node();
    if answer.status() != StatusCode::CREATED.as_u16() {
        return Ok(Became::Answered(answer));
    }
    // Of a repeated request it is the first one's.
    let Taken { request_id } = serde_json::from_slice(answer.body()).map_err(Problem::internal)?;
    let there = |view: &DirectoryView| change.differences(&view.directory).is_some();
    let view = shared.directory.wait_for(patience(shared), there).await;
    let mut conn = shared.pool.acquire().await.map_err(store::Error::from)?;
    let found = store::directory_request::find(&mut conn, request_id).await?;
    drop(conn);
    let found =
        found.ok_or_else(|| Problem::internal("a change was answered whose request is not stored"))?;
    match (found.state, found.refusal) {
        (RequestState::Refused, Some(code)) => {
            let refusal = Refusal::from_code(code).map_err(Problem::internal)?;
            Err(refusal_problem(&shared.view()?.directory, &change, refusal))
        }
        (RequestState::Accepted, _) => {
            let height = Height(found.height.unwrap_or_default());
            let current = match view {
                Some(view) => Some(view),
                None => shared.directory.wait_for(patience(shared), |view| view.height >= height).await,
            };
            let location = change.location(request_id);
            let holds = |view| Became::Holds { view, request: request_id, location };
            Ok(current.map_or(Became::Answered(answer), holds))
        }
        // An entry is never replaced: whoever's turn comes after it is refused.
        _ => match view.and_then(|view| change.differences(&view.directory)) {
            Some(faults) if !faults.is_empty() => {
                Err(Problem::new(ProblemType::AlreadyExists).with_faults(faults))
            }
            _ => Ok(Became::Answered(answer)),
        },
    }
}

/// Writes the request and its row in the outbox; gives the answer that is kept.
async fn hand_over(
    shared: &Shared,
    (client, request): (Uuid, WriteRequest),
    change: &Change,
    (id, answer): (Uuid, Answer),
) -> Result<Answer, Problem> {
    let view = shared.view()?;
    let now_ms = shared.now_ms();
    let own = view.own(shared.config.organisation.id)?.id;
    let admitted = view.directory.admit(own, &change.change, view.height.next(), now_ms);
    let refused = admitted.err().map(|refusal| refusal_problem(&view.directory, change, refusal));
    let (bytes, requested_at) = (change.change.to_bytes(), moment(now_ms));
    let row = NewOutboxRow {
        event: None,
        commitment: None,
        updates: Vec::new(),
        update_count: 0,
        changes: bytes.clone(),
        last: true,
        created_at: requested_at,
    };
    let asked = DirectoryRequest {
        id,
        change: bytes,
        kind: change.kind,
        gtin: change.gtin.as_str().to_owned(),
        lot: change.lot.as_ref().map(|lot| lot.as_str().to_owned()),
        client_id: client,
        requested_at,
        state: RequestState::Pending,
        refusal: None,
        height: None,
    };
    let work = Arc::new((row, asked, answer, refused));
    once_answer(&shared.pool, "directory_change", (client, request), now_ms, move |conn| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (row, asked, answer, refused) = work.as_ref();
            // Judged after the idempotency key: a repeat of what was done is answered, not refused.
            if let Some(problem) = refused {
                return Err(problem.clone());
            }
            store::directory_request::insert(conn, asked).await?;
            store::outbox::insert(conn, std::slice::from_ref(row)).await?;
            Ok(answer.clone())
        })
    })
    .await
}

fn refusal_problem(directory: &Directory, change: &Change, refusal: Refusal) -> Problem {
    let nobody = || {
        let fault = Fault::new(ProblemType::UnknownGtinOwner.name(), "nobody on the ledger owns this GTIN");
        Problem::invalid(vec![fault.at("/gtin")])
    };
    let with = |kind| Problem::new(kind).with_fault(Fault::new(refusal.as_str(), refusal).at("/gtin"));
    match (refusal, &change.change) {
        (Refusal::UnknownProduct, _) => nobody(),
        (Refusal::NotOwner, DirectoryChange::RegisterProduct(details))
            if directory.prefix_owner(&details.gtin).is_none() =>
        {
            nobody()
        }
        (Refusal::NotOwner, _) => with(ProblemType::ForeignProduct),
        (Refusal::AlreadyRegistered | Refusal::AlreadyStopped, _) => match change.differences(directory) {
            Some(faults) if !faults.is_empty() => {
                Problem::new(ProblemType::AlreadyExists).with_faults(faults)
            }
            _ => with(ProblemType::AlreadyExists),
        },
        _ => with(ProblemType::StateConflict),
    }
}

/// A text of 1 to [`TEXT_CHARS_MAX`] characters, as the ledger takes it; a fault at `pointer` otherwise.
pub fn text(value: &str, pointer: &str, faults: &mut Vec<Fault>) -> String {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > TEXT_CHARS_MAX || value.chars().any(char::is_control) {
        let message = format_args!("1 to {TEXT_CHARS_MAX} characters without line breaks").to_string();
        faults.push(Fault::new("length", message).at(pointer));
    }
    value.to_owned()
}
