//! Storing events with everything that hangs on them, in one transaction: the one home of capture, whether an event
//! came in a document or was built by a route.
//!
//! An event is first [prepared](Prepared) (its identity, body, commitment and keys are computed outside any
//! transaction), then [stored](store) with others: identity, event, identifiers, custody, lots, shipment, status
//! changes on their way, and the outbox rows that the ledger takes. Call
//! [`Shared::wake_node`](crate::Shared::wake_node) after the commit.
//!
//! Packs are strict, goods are lenient: a change of a pack that the rules forbid is refused here as the ledger would
//! refuse it; of cases and pallets an event is an observation, and what was seen at a site is there.

mod alert;
mod changes;
mod goods;
mod index;
mod outbox;
mod prepare;
mod refused;
mod rows;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{Organisation, OrganisationId, StatusUpdate};
use store::PgConnection;
use store::event_identity::EventIdentity;
use time::OffsetDateTime;

use crate::directory::DirectoryView;
use crate::problem::Problem;
use crate::shared::Shared;

pub use alert::alert_of;
pub(crate) use index::index;
pub use prepare::{Prepared, Unprepared};
pub(crate) use prepare::{at_micros, key_or_text};
pub use refused::{Reason, Refused};

/// What the service knows at the moment of capturing.
#[derive(Clone)]
pub struct Knowledge {
    /// The directory and its height.
    pub view: Arc<DirectoryView>,
    /// Whose service this is.
    pub organisation: OrganisationId,
    /// The time, in milliseconds since 1970 UTC.
    pub now_ms: u64,
    /// Whether the directory, and with it all that is known of packs, is out of date.
    pub outdated: bool,
}

impl Knowledge {
    /// What is known now.
    #[must_use]
    pub fn of(shared: &Shared, view: Arc<DirectoryView>) -> Self {
        let now_ms = shared.now_ms();
        let outdated = view.is_outdated(now_ms, shared.config.block_age_ms_max());
        Self { view, organisation: OrganisationId(shared.config.organisation.id), now_ms, outdated }
    }

    /// This organisation, as the directory has it.
    ///
    /// # Errors
    /// `internal` when the directory does not have it: the service is configured for another network.
    pub fn author(&self) -> Result<&Organisation, Problem> {
        self.view.own(self.organisation.0)
    }
}

/// Where an event is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRef {
    /// Position in the organisation's capture order.
    pub seq: u64,
    /// recordTime.
    pub captured_at: OffsetDateTime,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored, and on its way to the ledger.
    New(EventRef),
    /// The same event was captured before: nothing was added.
    Known(EventRef),
    /// Another event was captured under this eventID: nothing was added.
    Conflict,
    /// It was to be stored [whole](Prepared::whole) and one of its changes is refused: nothing was added.
    Refused,
}

/// What became of an event and of the packs in it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The event.
    pub outcome: Outcome,
    /// Changes of packs that are refused, in the event's order. The others are on their way.
    pub refused: Vec<Refused>,
    /// Goods that were received before their notice: what is in them is not known yet. Canonical keys.
    pub awaiting: Vec<String>,
}

/// An event that this transaction stores.
struct Live<'a> {
    /// Place among the events given.
    place: usize,
    event: &'a Prepared,
    at: EventRef,
    updates: Vec<StatusUpdate>,
    refused: Vec<Refused>,
    awaiting: Vec<String>,
}

impl Live<'_> {
    fn is_dropped(&self) -> bool {
        self.event.whole && !self.refused.is_empty()
    }
}

/// Stores events in the order given, inside the caller's transaction, and says what became of each.
///
/// # Errors
/// What the store fails with; then the transaction must be rolled back.
pub async fn store<P: Borrow<Prepared> + Sync>(
    conn: &mut PgConnection,
    knowledge: &Knowledge,
    events: &[P],
) -> Result<Vec<Stored>, Problem> {
    let events: Vec<&Prepared> = events.iter().map(Borrow::borrow).collect();
    let (mut live, mut done) = claim(conn, &events).await?;
    changes::decide(conn, knowledge, &mut live).await?;
    let dropped: Vec<&str> =
        live.iter().filter(|l| l.is_dropped()).map(|l| l.event.identity.as_str()).collect();
    if !dropped.is_empty() {
        store::event_identity::delete(conn, &dropped).await?;
    }
    let (gone, mut live): (Vec<_>, Vec<_>) = live.into_iter().partition(Live::is_dropped);
    rows::insert(conn, &live).await?;
    goods::apply(conn, knowledge, &mut live).await?;
    outbox::insert(conn, &live).await?;
    for one in gone {
        done.insert(one.place, finished(Outcome::Refused, one.refused, Vec::new()));
    }
    for one in live {
        done.insert(one.place, finished(Outcome::New(one.at), one.refused, one.awaiting));
    }
    Ok(done.into_values().collect())
}

fn finished(outcome: Outcome, mut refused: Vec<Refused>, awaiting: Vec<String>) -> Stored {
    refused.sort_by_key(|one| one.change);
    Stored { outcome, refused, awaiting }
}

/// Claims the events' identities. Gives those that are new here, and what became of the others, by their place.
async fn claim<'a>(
    conn: &mut PgConnection,
    events: &[&'a Prepared],
) -> Result<(Vec<Live<'a>>, BTreeMap<usize, Stored>), Problem> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, event) in events.iter().copied().enumerate() {
        first.entry(event.identity.as_str()).or_insert(place);
    }
    let count = u32::try_from(events.len()).map_err(Problem::internal)?;
    let seqs = store::event::next_seqs(conn, count).await?;
    let identities: Vec<EventIdentity> = events
        .iter()
        .copied()
        .zip(&seqs)
        .enumerate()
        .filter(|(place, (event, _))| first.get(event.identity.as_str()) == Some(place))
        .map(|(_, (event, seq))| EventIdentity {
            event_id: event.identity.clone(),
            event_hash: event.hash,
            event_seq: *seq,
            captured_at: event.captured_at,
        })
        .collect();
    let new = store::event_identity::claim(conn, &identities).await?;
    let new: std::collections::BTreeSet<&str> = new.iter().map(String::as_str).collect();
    let mut live = Vec::with_capacity(new.len());
    let mut repeated = Vec::new();
    for ((place, event), seq) in events.iter().copied().enumerate().zip(seqs) {
        let name = event.identity.as_str();
        if new.contains(name) && first.get(name) == Some(&place) {
            let at = EventRef { seq, captured_at: event.captured_at };
            let (refused, awaiting) = (Vec::new(), Vec::new());
            live.push(Live { place, event, at, updates: Vec::new(), refused, awaiting });
        } else {
            repeated.push((place, event));
        }
    }
    let done = captured_before(conn, &repeated).await?;
    Ok((live, done))
}

async fn captured_before(
    conn: &mut PgConnection,
    repeated: &[(usize, &Prepared)],
) -> Result<BTreeMap<usize, Stored>, Problem> {
    if repeated.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names: Vec<&str> = repeated.iter().map(|(_, event)| event.identity.as_str()).collect();
    let known = store::event_identity::find(conn, &names).await?;
    let known: BTreeMap<&str, &EventIdentity> =
        known.iter().map(|one| (one.event_id.as_str(), one)).collect();
    let outcome = |event: &Prepared| match known.get(event.identity.as_str()) {
        Some(earlier) if earlier.event_hash == event.hash => {
            Outcome::Known(EventRef { seq: earlier.event_seq, captured_at: earlier.captured_at })
        }
        _ => Outcome::Conflict,
    };
    let one =
        |(place, event): &(usize, &Prepared)| (*place, finished(outcome(event), Vec::new(), Vec::new()));
    Ok(repeated.iter().map(one).collect())
}
