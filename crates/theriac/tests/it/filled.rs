//! A database as the maker's service and node write it: `store` writes, the ledger's test kit decides.

#![allow(dead_code, reason = "the benchmark and the tests each use a part")]

use ledger::batch::{padded, padding};
use ledger::commitment::{Disclosure, Salt};
use ledger::directory::Entry;
use ledger::prove::DecidedBlock;
use ledger::testkit::{self, MAKER, Network};
use ledger::{
    Canonical, DirectoryChange, Hash, Height, OrganisationId, Outcome, SignedBatch, StatusRecord,
    StatusUpdate, Writer,
};
use lifecycle::Transition;
use store::directory_entry::DirectoryEntry;
use store::event::{EventAction, EventType, NewEvent};
use store::event_epc::{EpcRole, EventEpc};
use store::event_identity::EventIdentity;
use store::event_measure::EventMeasure;
use store::known_event::KnownEvent;
use store::outbox::{Mark, NewOutboxRow, OutboxRow, TakeLimits};
use store::status_record::StatusRow;
use store::testing::TestDatabase;
use store::update_refusal::UpdateRefusal;
use store::{PgConnection, PgPool};
use theriac::audit::derive::{Derived, event_of};
use time::OffsetDateTime;

/// The maker's padding secret: that of the ledger's test kit.
pub const PADDING: [u8; 32] = [9; 32];

/// A database of the maker's, and the network that it is in.
pub struct Filled {
    pub database: TestDatabase,
    pub network: Network,
    events: u64,
}

/// The head of an event; what follows it is up to each.
pub fn event(kind: &str, number: u64, rest: &str) -> String {
    format!(
        r#"{{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",{{"cbvmda":"urn:epcglobal:cbv:mda"}}],"type":"{kind}","eventID":"urn:uuid:00000000-0000-4000-8000-{number:012}","eventTime":"2025-06-15T15:00:00.000Z","eventTimeZoneOffset":"+00:00",{rest}}}"#
    )
}

impl Filled {
    pub async fn new() -> Self {
        let (database, network) = (TestDatabase::new().await, Network::of(testkit::genesis()));
        let filled = Filled { database, network, events: 0 };
        let mut conn = filled.conn().await;
        let entries: Vec<DirectoryEntry> =
            filled.network.state.directory.entries().map(|entry| entry_row(&entry, Height(0))).collect();
        store::directory_entry::upsert(&mut conn, &entries).await.unwrap();
        filled.set_state(&mut conn, false).await;
        drop(conn);
        filled
    }

    pub fn pool(&self) -> &PgPool {
        self.database.pool()
    }

    pub async fn conn(&self) -> impl std::ops::DerefMut<Target = PgConnection> + use<> {
        self.pool().acquire().await.unwrap()
    }

    /// Captures events, each with the updates of its rows in the outbox.
    pub async fn capture(&mut self, events: &[(String, Vec<Vec<StatusUpdate>>)]) {
        let mut conn = self.conn().await;
        let seqs = store::event::next_seqs(&mut conn, events.len() as u32).await.unwrap();
        let ready: Vec<Ready> =
            events.iter().zip(seqs).map(|((json, rows), seq)| self.ready(seq, json, rows)).collect();
        self.events += events.len() as u64;
        insert(&mut conn, &ready).await;
    }

    fn ready(&self, seq: u64, json: &str, rows: &[Vec<StatusUpdate>]) -> Ready {
        let mut event = event_of(json).expect("the event reads");
        let captured_ms = self.network.state.time_ms + seq;
        event.record_time = epcis::Timestamp::from_unix_millis(captured_ms as i64);
        let mut salt = [7; 32];
        salt[..8].copy_from_slice(&seq.to_be_bytes());
        let commitment = capture::commitment(&event, &Salt(salt)).0;
        let derived = Derived::of(&event);
        let mut terms = derived.terms.clone();
        terms.push("site=9521321000018".to_owned());
        let at = at_ms(captured_ms);
        let last = rows.len().saturating_sub(1);
        let row = |(place, updates): (usize, &Vec<StatusUpdate>)| NewOutboxRow {
            event: Some((seq, at)),
            commitment: (place == 0).then_some(commitment),
            updates: updates.iter().flat_map(Canonical::to_bytes).collect(),
            update_count: updates.len() as u32,
            changes: Vec::new(),
            last: place == last,
            created_at: at,
        };
        let outbox = rows.iter().enumerate().map(row).collect();
        Ready { seq, at, body: event.to_json(), event, derived, terms, salt, commitment, outbox }
    }

    /// Asks for a change of the directory.
    pub async fn ask(&mut self, change: &DirectoryChange) {
        let mut conn = self.conn().await;
        let row = NewOutboxRow {
            event: None,
            commitment: None,
            updates: Vec::new(),
            update_count: 0,
            changes: change.to_bytes(),
            last: true,
            created_at: at_ms(self.network.state.time_ms),
        };
        store::outbox::insert(&mut conn, &[row]).await.unwrap();
    }

    /// Makes the maker's next batch of at most so many rows that wait, as its node does.
    pub async fn batch(&mut self, rows_max: u32) -> SignedBatch {
        let mut conn = self.conn().await;
        let limits = TakeLimits { rows: rows_max, updates: 8_192, bytes: 1 << 20 };
        let rows = store::outbox::take(&mut conn, limits).await.unwrap();
        let first = self.network.state.tip(MAKER).events;
        let mut gathered = Gathered::default();
        for row in &rows {
            let earlier = match (row.commitment, row.event) {
                (None, Some(event)) => {
                    let found = store::event::get(&mut conn, &[event]).await.unwrap();
                    found[0].anchor.map(|anchor| anchor.leaf)
                }
                _ => None,
            };
            gathered.add(row, first, earlier);
        }
        let Gathered { commitments, updates, changes, marks, .. } = gathered;
        let count = u64::from(padded(commitments.len() as u32));
        let pads = (commitments.len() as u64..count).map(|number| padding(&PADDING, first + number));
        let leaves: Vec<[u8; 32]> = commitments.iter().copied().chain(pads).map(|leaf| leaf.0).collect();
        let signed = self.network.batch(MAKER, &commitments, changes, updates);
        let header = &signed.batch.header;
        let (hash, bytes) = (header.hash().0, signed.to_bytes());
        store::batch::insert(&mut conn, header.sequence, &hash, &bytes, at_ms(header.time_ms)).await.unwrap();
        store::batch_leaves::insert(&mut conn, header.sequence, &leaves).await.unwrap();
        store::outbox::mark(&mut conn, header.sequence, &marks).await.unwrap();
        signed
    }

    /// Decides a block and writes what it did, as the maker's node does.
    pub async fn decide(&mut self, batches: Vec<SignedBatch>) {
        let has_batches = !batches.is_empty();
        let decided = self.network.decide(batches).clone();
        let (block, execution) = (decided.block, decided.execution);
        let height = block.header.height;
        let certificate = self.network.decided(height).certificate;
        let mut conn = self.conn().await;
        self.set_state(&mut conn, has_batches).await;
        let row = store::block::StoredBlock {
            height: height.0,
            hash: block.header.hash().0,
            time_ms: block.header.time_ms,
            header: block.header.to_bytes(),
            certificate: certificate.to_bytes(),
            results: DecidedBlock::outcome_bytes(&execution.outcomes),
        };
        store::block::insert(&mut conn, &row).await.unwrap();
        let batch = |(position, signed): (u32, &SignedBatch)| store::block_batch::BlockBatch {
            height: height.0,
            position,
            author: signed.batch.header.author.0,
            sequence: signed.batch.header.sequence,
            hash: signed.batch.header.hash().0,
            signed: signed.to_bytes(),
        };
        let batches: Vec<_> = (0u32..).zip(&block.batches).map(batch).collect();
        store::block_batch::insert(&mut conn, &batches).await.unwrap();
        let row = |(key, record): (&Hash, &StatusRecord)| StatusRow {
            record_key: key.0,
            record: record.to_bytes(),
        };
        let (new, changed): (Vec<_>, Vec<_>) =
            execution.records.iter().partition(|(_, record)| record.commissioned.height == height);
        store::status_record::insert(&mut conn, &new.into_iter().map(row).collect::<Vec<_>>()).await.unwrap();
        store::status_record::update(&mut conn, &changed.into_iter().map(row).collect::<Vec<_>>())
            .await
            .unwrap();
        let entries: Vec<DirectoryEntry> =
            execution.entries.iter().map(|entry| entry_row(entry, height)).collect();
        store::directory_entry::upsert(&mut conn, &entries).await.unwrap();
        for (place, signed) in (0u32..).zip(&block.batches) {
            let outcomes = &execution.outcomes[place as usize];
            write_history(&mut conn, height, place, signed, outcomes).await;
            if signed.batch.header.author == MAKER {
                finish(&mut conn, signed, outcomes, height).await;
            }
        }
    }

    async fn set_state(&self, conn: &mut PgConnection, roots_pending: bool) {
        let state = &self.network.state;
        let mut carry = Writer::default();
        state.network.write(&mut carry);
        state.time_ms.write(&mut carry);
        state.entries_root.write(&mut carry);
        (state.tips.len() as u32).write(&mut carry);
        for (organisation, tip) in &state.tips {
            organisation.write(&mut carry);
            tip.write(&mut carry);
        }
        roots_pending.write(&mut carry);
        let row = store::node_state::NodeState {
            height: state.height.0,
            block_hash: state.block.0,
            results_root: state.results_root.0,
            status_root: state.status_root.0,
            directory_root: state.directory_root().0,
            carry: carry.0,
        };
        store::node_state::set(conn, &row).await.unwrap();
    }

    /// Learns of a partner's event, with its receipt.
    pub async fn learn(&self, author: OrganisationId, event_id: &str, shown: &Disclosure, receipt: Vec<u8>) {
        let fields: serde_json::Map<String, serde_json::Value> =
            shown.shown.iter().map(|field| (field.name.clone(), field.value.clone().into())).collect();
        let known = KnownEvent {
            author: author.0,
            event_id: event_id.to_owned(),
            commitment: shown.commitment().unwrap().0,
            disclosure: shown.to_bytes(),
            receipt,
            body: serde_json::Value::Object(fields).to_string(),
            received_at: at_ms(self.network.state.time_ms),
        };
        let facts = capture::disclosed::facts(shown);
        let epc = |uri: &String| (gs1::EpcKey::parse(uri).unwrap().path(), EpcRole::Epc);
        let epcs = facts.epcs.iter().map(epc).collect();
        store::known_event::insert(&mut *self.conn().await, &[(known, epcs)]).await.unwrap();
    }
}

struct Ready {
    seq: u64,
    at: OffsetDateTime,
    event: epcis::Event,
    body: String,
    derived: Derived,
    terms: Vec<String>,
    salt: [u8; 32],
    commitment: [u8; 32],
    outbox: Vec<NewOutboxRow>,
}

async fn insert(conn: &mut PgConnection, ready: &[Ready]) {
    let identity = |one: &Ready| EventIdentity {
        event_id: one.derived.identity.clone(),
        event_hash: one.derived.hash.parse::<Hash>().unwrap().0,
        event_seq: one.seq,
        captured_at: one.at,
    };
    let identities: Vec<EventIdentity> = ready.iter().map(identity).collect();
    let claimed = store::event_identity::claim(conn, &identities).await.unwrap();
    assert_eq!(claimed.len(), ready.len());
    let rows: Vec<NewEvent<'_>> = ready.iter().map(new_event).collect();
    store::event::insert(conn, &rows).await.unwrap();
    let epcs: Vec<EventEpc<'_>> = ready
        .iter()
        .flat_map(|one| {
            one.derived.epcs.iter().map(|(epc, role)| EventEpc {
                epc,
                role: EpcRole::from_code(*role).unwrap(),
                event_seq: one.seq,
                captured_at: one.at,
            })
        })
        .collect();
    store::event_epc::insert(conn, &epcs).await.unwrap();
    let measures: Vec<EventMeasure<'_>> = ready
        .iter()
        .flat_map(|one| {
            let (event_seq, captured_at) = (one.seq, one.at);
            let measure = move |(name, value)| EventMeasure { name, value, event_seq, captured_at };
            one.derived.measures.iter().map(|(name, value)| (name.as_str(), value.as_str())).map(measure)
        })
        .collect();
    store::event_measure::insert(conn, &measures).await.unwrap();
    let outbox: Vec<NewOutboxRow> = ready.iter().flat_map(|one| one.outbox.clone()).collect();
    store::outbox::insert(conn, &outbox).await.unwrap();
}

fn new_event(one: &Ready) -> NewEvent<'_> {
    let micros = i128::from(one.event.event_time.unix_micros());
    NewEvent {
        seq: one.seq,
        captured_at: one.at,
        event_id: one.event.event_id.as_deref().unwrap(),
        hash_id: &one.derived.hash_id,
        event_type: EventType::from_code(one.derived.event_type).unwrap(),
        action: one.derived.action.and_then(EventAction::from_code),
        event_time: OffsetDateTime::from_unix_timestamp_nanos(micros * 1_000).unwrap(),
        biz_step: one.event.biz_step.as_deref(),
        disposition: one.event.disposition.as_deref(),
        read_point: one.derived.read_point.as_deref(),
        biz_location: one.derived.biz_location.as_deref(),
        body: &one.body,
        salt: one.salt,
        commitment: one.commitment,
        capture_id: None,
        terms: &one.terms,
    }
}

/// What rows of the outbox come to in a batch.
#[derive(Default)]
struct Gathered {
    commitments: Vec<Hash>,
    updates: Vec<StatusUpdate>,
    changes: Vec<DirectoryChange>,
    marks: Vec<Mark>,
    leaves: std::collections::BTreeMap<u64, u64>,
}

impl Gathered {
    fn add(&mut self, row: &OutboxRow, first: u64, earlier: Option<u64>) {
        let mut leaf = None;
        if let Some(commitment) = row.commitment {
            let number = first + self.commitments.len() as u64;
            self.commitments.push(Hash(commitment));
            self.leaves.extend(row.event.map(|(seq, _)| (seq, number)));
            leaf = Some(number);
        }
        let here = row.event.and_then(|(seq, _)| self.leaves.get(&seq).copied());
        let event = here.or(earlier).unwrap_or_default();
        self.updates.extend(
            read::<StatusUpdate>(&row.updates).into_iter().map(|update| StatusUpdate { event, ..update }),
        );
        self.changes.extend(read::<DirectoryChange>(&row.changes));
        self.marks.push(Mark { id: row.id, leaf });
    }
}

fn read<T: Canonical>(bytes: &[u8]) -> Vec<T> {
    let mut reader = ledger::Reader::new(bytes);
    let mut items = Vec::new();
    while reader.offset() < bytes.len() {
        items.push(T::read(&mut reader).unwrap());
    }
    items
}

async fn write_history(
    conn: &mut PgConnection,
    height: Height,
    batch: u32,
    signed: &SignedBatch,
    outcomes: &[Outcome],
) {
    let mut changes = Vec::new();
    let first = signed.batch.header.changes;
    for ((item, update), outcome) in (first..).zip(&signed.batch.updates).zip(&outcomes[first as usize..]) {
        if *outcome == Outcome::Accepted && update.transition != Transition::Commission {
            let (record_key, version) = (update.record_key.0, update.version + 1);
            changes.push(store::status_history::StatusChange {
                record_key,
                version,
                height: height.0,
                batch,
                item,
            });
        }
    }
    store::status_history::insert(conn, &changes).await.unwrap();
}

async fn finish(conn: &mut PgConnection, signed: &SignedBatch, outcomes: &[Outcome], height: Height) {
    let header = &signed.batch.header;
    let rows = store::outbox::of_batch(conn, header.sequence).await.unwrap();
    let mut events = rows.iter().flat_map(|row| (0..row.update_count).map(|_| row.event));
    let mut refusals = Vec::new();
    for (update, outcome) in signed.batch.updates.iter().zip(&outcomes[header.changes as usize..]) {
        let event = events.next().flatten();
        if let (Outcome::Refused(refusal), Some((event_seq, _))) = (outcome, event) {
            let (record_key, refusal) = (update.record_key.0, refusal.code());
            refusals.push(UpdateRefusal { event_seq, record_key, refusal, height: height.0 });
        }
    }
    store::update_refusal::insert(conn, &refusals).await.unwrap();
    store::batch::set_final(conn, header.sequence, height.0).await.unwrap();
    store::outbox::delete_batch(conn, header.sequence).await.unwrap();
}

fn entry_row(entry: &Entry, height: Height) -> DirectoryEntry {
    DirectoryEntry { kind: entry.kind() as i16, key: entry.key(), body: entry.to_bytes(), height: height.0 }
}

pub fn at_ms(time_ms: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(time_ms) * 1_000_000).unwrap()
}
