//! What is computed of an event before its transaction.

use std::collections::BTreeSet;

use capture::{Meaning, Site, Subject};
use epcis::query::{EventIndex, bounded};
use epcis::{Action, CbvVersion, Event, EventType, Timestamp};
use gs1::EpcKey;
use ledger::StatusUpdate;
use ledger::commitment::Salt;
use lifecycle::Transition;
use store::event::{EventAction, EventType as StoredType};
use store::event_epc::EpcRole;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Knowledge;
use crate::clock::moment;
use crate::entropy::Entropy;
use crate::epcis_faults::meaning_fault_of;
use crate::problem::{Fault, Problem};

/// How far ahead of this service's clock an event may lie: a day, for clocks that were set to a wrong time zone or date
/// line.
const EVENT_AHEAD_MAX_MS: u64 = 24 * 60 * 60 * 1_000;

/// An event, interpreted, with everything that is computed before its transaction.
pub struct Prepared {
    /// Under which it is captured once: the eventID, or for an error declaration one of its own, because that repeats
    /// the eventID of the event it declares wrong.
    pub(super) identity: String,
    pub(super) event_id: String,
    pub(super) hash_id: String,
    pub(super) hash: [u8; 32],
    pub(super) event_type: StoredType,
    pub(super) action: Option<EventAction>,
    pub(super) event_time: OffsetDateTime,
    pub(super) biz_step: Option<String>,
    pub(super) disposition: Option<String>,
    pub(super) read_point: Option<String>,
    pub(super) biz_location: Option<String>,
    pub(super) body: String,
    pub(super) salt: [u8; 32],
    pub(super) commitment: [u8; 32],
    pub(super) epcs: Vec<(String, EpcRole)>,
    /// What it is found by.
    pub(super) terms: Vec<String>,
    /// Names and numbers that it is compared by.
    pub(super) measures: Vec<(String, String)>,
    pub(super) meaning: Meaning,
    pub(super) subjects: Vec<Subject>,
    /// For each change the update that commissions its pack; none for other changes.
    pub(super) commissions: Vec<Option<StatusUpdate>>,
    pub(super) captured_at: OffsetDateTime,
    pub(super) capture_id: Option<Uuid>,
    pub(super) whole: bool,
}

/// Why an event is not prepared.
#[derive(Debug)]
pub enum Unprepared {
    /// What is wrong with it, as far as this organisation is concerned. The faults point from the event's root.
    Faults(Vec<Fault>),
    /// The service cannot do it.
    Problem(Problem),
}

impl From<Problem> for Unprepared {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Prepared {
    /// Interprets an event and prepares it.
    ///
    /// # Errors
    /// [`Unprepared`].
    pub fn of(event: Event, knowledge: &Knowledge, entropy: &Entropy) -> Result<Self, Unprepared> {
        let year = moment(knowledge.now_ms).year();
        let author = knowledge.author()?;
        let ahead = ahead(&event, knowledge.now_ms).or_else(|| long_id(&event));
        let meaning = match capture::interpret(&event, author, &knowledge.view.directory, year) {
            Ok(meaning) if ahead.is_none() => meaning,
            read => {
                let faults = read.err().unwrap_or_default();
                let faults = faults.iter().map(|fault| meaning_fault_of(&event, fault));
                return Err(Unprepared::Faults(ahead.into_iter().chain(faults).collect()));
            }
        };
        Ok(Self::new(event, meaning, knowledge, entropy)?)
    }

    /// Prepares an event whose meaning is known. It is given a recordTime, and its Event Hash ID (CBV 2.0
    /// section 8.9.2) as eventID when it has none.
    ///
    /// # Errors
    /// `internal` without this organisation in the directory; a failure for a time no calendar has.
    pub fn new(
        mut event: Event,
        meaning: Meaning,
        knowledge: &Knowledge,
        entropy: &Entropy,
    ) -> Result<Self, Problem> {
        let now_ms = i64::try_from(knowledge.now_ms).map_err(Problem::internal)?;
        event.record_time = Timestamp::from_unix_millis(now_ms);
        let hash_id = event.hash_id(CbvVersion::V2_0);
        let hash = hash_of(&hash_id)?;
        let event_id = event.event_id.get_or_insert_with(|| hash_id.clone()).clone();
        let identity = match &event.error_declaration {
            Some(declaration) => {
                format!("{event_id}#errorDeclaration={}", declaration.declaration_time.utc_millis_text())
            }
            None => event_id.clone(),
        };
        let salt: [u8; 32] = entropy.bytes();
        let commissions = commissions(&meaning, knowledge)?;
        let subjects = meaning.changes.iter().map(subject).collect();
        let (terms, measures) = EventIndex::of(&event).into_texts();
        Ok(Self {
            identity,
            event_id,
            hash_id,
            hash,
            event_type: stored_type(event.event_type()),
            action: event.action().map(stored_action),
            event_time: at_micros(event.event_time.unix_micros())?,
            biz_step: event.biz_step.clone(),
            disposition: event.disposition.clone(),
            read_point: event.read_point.as_ref().map(|place| key_or_text(&place.id)),
            biz_location: event.biz_location.as_ref().map(|place| key_or_text(&place.id)),
            body: event.to_json(),
            salt,
            commitment: capture::commitment(&event, &Salt(salt)).0,
            epcs: epcs(&event),
            terms,
            measures,
            meaning,
            subjects,
            commissions,
            captured_at: moment(knowledge.now_ms),
            capture_id: None,
            whole: false,
        })
    }

    /// With what was scanned of the packs, one for each change of the meaning: lot and expiry are judged too.
    #[must_use]
    pub fn with_subjects(mut self, subjects: Vec<Subject>) -> Self {
        self.subjects = subjects;
        self
    }

    /// To be stored only when none of its changes is refused: a refused dispense did not happen.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.whole = true;
        self
    }

    /// As part of a capture job.
    #[must_use]
    pub fn of_capture(mut self, capture_id: Uuid) -> Self {
        self.capture_id = Some(capture_id);
        self
    }

    /// Captured by a client of this site, which sees it wherever it happened.
    #[must_use]
    pub fn by_site(mut self, gln: Option<&str>) -> Self {
        let term = gln.map(|gln| format!("site={gln}")).filter(|term| !self.terms.contains(term));
        self.terms.extend(term);
        self
    }

    /// Its eventID.
    #[must_use]
    pub fn event_id(&self) -> &str {
        &self.event_id
    }

    /// What it means here.
    #[must_use]
    pub fn meaning(&self) -> &Meaning {
        &self.meaning
    }

    /// Identifiers in it: what a page of events is measured by.
    #[must_use]
    pub fn identifiers(&self) -> usize {
        self.epcs.len()
    }
}

/// An event is what happened (EPCIS 2.0 section 7.4.1: eventTime is when it occurred), not what will. How long ago is not
/// judged: documents are captured years later.
fn ahead(event: &Event, now_ms: u64) -> Option<Fault> {
    let latest = i64::try_from(now_ms.saturating_add(EVENT_AHEAD_MAX_MS)).unwrap_or(i64::MAX);
    let message = "the event lies in the future by more than a day";
    (event.event_time.unix_millis() > latest).then(|| Fault::new("future_event", message).at("/eventTime"))
}

/// Longest eventID: an index of PostgreSQL takes no text of 2,700 bytes, and a URI that names an event has a tenth.
const EVENT_ID_BYTES_MAX: usize = 1_000;

fn long_id(event: &Event) -> Option<Fault> {
    let is_long = event.event_id.as_ref().is_some_and(|id| id.len() > EVENT_ID_BYTES_MAX);
    is_long.then(|| Fault::new("too-long", format_args!("at most {EVENT_ID_BYTES_MAX} bytes")).at("/eventID"))
}

fn subject(change: &capture::PackChange) -> Subject {
    let label = change.label.as_ref();
    Subject {
        pack: change.pack.clone(),
        lot: label.map(|label| label.lot.clone()),
        expiry: label.map(|label| label.expiry),
    }
}

fn commissions(meaning: &Meaning, knowledge: &Knowledge) -> Result<Vec<Option<StatusUpdate>>, Problem> {
    let author = knowledge.author()?;
    let one = |change: &capture::PackChange| {
        let (label, gln) = (change.label.as_ref()?, meaning.site.as_ref()?);
        let site = Site { author, gln, time_ms: knowledge.now_ms, checked: knowledge.view.height };
        (change.transition == Transition::Commission)
            .then(|| capture::attempt::commission(change, label, &site))
    };
    Ok(meaning.changes.iter().map(one).collect())
}

/// The identifiers of an event in canonical form, each once in each role. What is no GS1 identifier stays as written.
fn epcs(event: &Event) -> Vec<(String, EpcRole)> {
    let key = |uri: &str| bounded(&key_or_text(uri)).into_owned();
    let instances = event.epcs().map(|(role, uri)| (key(uri), instance_role(role)));
    let classes = event.quantities().map(|(role, quantity)| (key(&quantity.epc_class), class_role(role)));
    instances.chain(classes).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The canonical key of an identifier; text that is none as it is.
pub(crate) fn key_or_text(uri: &str) -> String {
    EpcKey::parse(uri).map_or_else(|_| uri.to_owned(), |key| key.path())
}

fn instance_role(role: epcis::EpcRole) -> EpcRole {
    match role {
        epcis::EpcRole::Epc => EpcRole::Epc,
        epcis::EpcRole::Child => EpcRole::Child,
        epcis::EpcRole::Parent => EpcRole::Parent,
        epcis::EpcRole::Input => EpcRole::Input,
        epcis::EpcRole::Output => EpcRole::Output,
    }
}

fn class_role(role: epcis::EpcRole) -> EpcRole {
    match role {
        epcis::EpcRole::Epc | epcis::EpcRole::Parent => EpcRole::Quantity,
        epcis::EpcRole::Child => EpcRole::ChildQuantity,
        epcis::EpcRole::Input => EpcRole::InputQuantity,
        epcis::EpcRole::Output => EpcRole::OutputQuantity,
    }
}

fn stored_type(kind: EventType) -> StoredType {
    match kind {
        EventType::Object => StoredType::Object,
        EventType::Aggregation => StoredType::Aggregation,
        EventType::Transaction => StoredType::Transaction,
        EventType::Transformation => StoredType::Transformation,
        EventType::Association => StoredType::Association,
    }
}

fn stored_action(action: Action) -> EventAction {
    match action {
        Action::Add => EventAction::Add,
        Action::Observe => EventAction::Observe,
        Action::Delete => EventAction::Delete,
    }
}

pub(crate) fn at_micros(micros: i64) -> Result<OffsetDateTime, Problem> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).map_err(Problem::internal)
}

/// The SHA-256 inside an Event Hash ID.
fn hash_of(hash_id: &str) -> Result<[u8; 32], Problem> {
    let digits = hash_id.strip_prefix("ni:///sha-256;").and_then(|rest| rest.get(..64)).unwrap_or_default();
    let mut hash = [0; 32];
    hex::decode_to_slice(digits, &mut hash).map_err(Problem::internal)?;
    Ok(hash)
}
