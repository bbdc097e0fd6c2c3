//! Changes to the directory that this organisation may make alone: products, recalls, withdrawals.

use std::sync::Arc;

use ledger::{Canonical as _, DirectoryChange};
use lifecycle::Refusal;
use store::outbox::NewOutboxRow;
use uuid::Uuid;

use crate::clock::moment;
use crate::idempotency::{Answer, WriteRequest, once_answer};
use crate::limits::TEXT_CHARS_MAX;
use crate::problem::{Fault, Problem, ProblemType};
use crate::shared::Shared;

/// Hands a change to the ledger, once, if the rules admit it as far as is known here. `answer` is kept under the
/// client's idempotency key.
///
/// # Errors
/// `unknown-gtin-owner`, `foreign-product`, `already-exists`, `state-conflict`; what the store fails with.
pub async fn submit(
    shared: &Shared,
    (client, request): (Uuid, WriteRequest),
    change: DirectoryChange,
    answer: Answer,
) -> Result<Answer, Problem> {
    let view = shared.view()?;
    let now_ms = shared.now_ms();
    let own = view.own(shared.config.organisation.id)?.id;
    let admitted = view.directory.admit(own, &change, view.height.next(), now_ms);
    let refused = admitted.err().map(|refusal| refusal_problem(&view.directory, &change, refusal));
    let row = NewOutboxRow {
        event: None,
        commitment: None,
        updates: Vec::new(),
        update_count: 0,
        changes: change.to_bytes(),
        last: true,
        created_at: moment(now_ms),
    };
    let work = Arc::new((row, answer, refused));
    let answer = once_answer(&shared.pool, "directory_change", (client, request), now_ms, move |conn| {
        let work = Arc::clone(&work);
        Box::pin(async move {
            let (row, answer, refused) = work.as_ref();
            // Judged after the idempotency key: a repeat of what was done is answered, not refused.
            if let Some(problem) = refused {
                return Err(problem.clone());
            }
            store::outbox::insert(conn, std::slice::from_ref(row)).await?;
            Ok(answer.clone())
        })
    })
    .await?;
    shared.wake_node();
    Ok(answer)
}

fn refusal_problem(directory: &ledger::Directory, change: &DirectoryChange, refusal: Refusal) -> Problem {
    let nobody = || {
        let fault = Fault::new(ProblemType::UnknownGtinOwner.name(), "nobody on the ledger owns this GTIN");
        Problem::invalid(vec![fault.at("/gtin")])
    };
    let with = |kind| Problem::new(kind).with_fault(Fault::new(refusal.as_str(), refusal).at("/gtin"));
    match (refusal, change) {
        (Refusal::UnknownProduct, _) => nobody(),
        (Refusal::NotOwner, DirectoryChange::RegisterProduct(details))
            if directory.prefix_owner(&details.gtin).is_none() =>
        {
            nobody()
        }
        (Refusal::NotOwner, _) => with(ProblemType::ForeignProduct),
        (Refusal::AlreadyRegistered | Refusal::AlreadyStopped, _) => with(ProblemType::AlreadyExists),
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
