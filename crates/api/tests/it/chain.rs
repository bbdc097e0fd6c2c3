//! A ledger for services without a node: a genesis in their database, and blocks made of what they write for it.

use api::clock::Clock as _;
use api::testing::{TEST_START_MS, TestApp};
use gs1::{Gln, Gtin};
use ledger::directory::Product;
use ledger::prove::DecidedBlock;
use ledger::testkit::{DISTRIBUTOR, MAKER, Network, change, commission, genesis, pack};
use ledger::{
    Canonical as _, DirectoryChange, Hash, Height, OrganisationId, Outcome, Reader, SignedBatch, StatusUpdate,
};
use lifecycle::Transition;
use store::block::StoredBlock;
use store::block_batch::BlockBatch;
use store::directory_entry::DirectoryEntry;
use store::directory_request::Decided;
use store::node_state::NodeState;
use store::outbox::{Mark, OutboxRow, TakeLimits};
use store::status_history::StatusChange;
use store::status_record::StatusRow;
use store::update_refusal::UpdateRefusal;
use store::{PgConnection, PgPool};

/// A product of the distributor's.
pub const FOREIGN_GTIN: &str = "09521321000018";

/// A second site of the distributor.
pub const SECOND_SITE: &str = "9521321000056";

/// The chain of a test, whose first organisation is the service's.
pub struct Chain {
    pub network: Network,
}

impl Chain {
    /// Founds a network in the service's database, and waits until the service knows its directory.
    pub async fn found(app: &TestApp) -> Self {
        let chain = Self::found_in(app.database.pool()).await;
        app.shared.directory.refresh(app.database.pool()).await.unwrap();
        chain
    }

    /// Founds a network in a database.
    pub async fn found_in(pool: &PgPool) -> Self {
        let mut genesis = genesis();
        genesis.time_ms = TEST_START_MS;
        let distributor = genesis.organisations.iter_mut().find(|one| one.id == DISTRIBUTOR).unwrap();
        distributor.glns.push(Gln::new(SECOND_SITE).unwrap());
        genesis.products.push(Product {
            gtin: Gtin::new(FOREIGN_GTIN).unwrap(),
            owner: DISTRIBUTOR,
            name: "Own brand".to_owned(),
            form: "tablet".to_owned(),
            strength: "1 mg".to_owned(),
            registered: Height(0),
        });
        let chain = Self { network: Network::of(genesis) };
        let mut conn = pool.acquire().await.unwrap();
        chain.write_state(&mut conn).await;
        chain
    }

    async fn write_state(&self, conn: &mut PgConnection) {
        let state = &self.network.state;
        let rows: Vec<DirectoryEntry> = state
            .directory
            .entries()
            .map(|entry| DirectoryEntry {
                kind: entry.kind() as i16,
                key: entry.key(),
                body: entry.to_bytes(),
                height: state.height.0,
            })
            .collect();
        store::directory_entry::upsert(conn, &rows).await.unwrap();
        let none = [0; 32];
        let block_hash = self.network.blocks.last().map_or(none, |decided| decided.block.header.hash().0);
        let node = NodeState {
            height: state.height.0,
            block_hash,
            results_root: none,
            status_root: none,
            directory_root: none,
            carry: Vec::new(),
        };
        store::node_state::set(conn, &node).await.unwrap();
    }

    /// Makes a block of all that waits in the maker's outbox, and an empty one above it that confirms its results.
    pub async fn settle(&mut self, app: &TestApp) {
        self.settle_as(app, MAKER).await;
    }

    /// The maker commissions packs, in a block of their own.
    pub async fn commission(&mut self, app: &TestApp, serials: &[&str], lot: &str) {
        let updates = serials.iter().map(|serial| commission(&self.network, &pack(serial), lot)).collect();
        let signed = self.network.batch(MAKER, &[Hash([1; 32])], Vec::new(), updates);
        self.decide(app, vec![signed]).await;
    }

    /// The maker recalls or withdraws, in a block of its own.
    pub async fn stop(&mut self, app: &TestApp, stop: DirectoryChange) {
        let signed = self.network.batch(MAKER, &[], vec![stop], Vec::new());
        self.decide(app, vec![signed]).await;
    }

    /// Another organisation locks a pack, in a block of its own.
    pub async fn overtake(&mut self, app: &TestApp, serial: &str, by: OrganisationId) {
        let update = change(&self.network, &pack(serial), Transition::Lock, 0, by);
        let signed = self.network.batch(by, &[Hash([2; 32])], Vec::new(), vec![update]);
        self.decide(app, vec![signed]).await;
    }

    /// Decides a block of these batches, and an empty one above it.
    async fn decide(&mut self, app: &TestApp, batches: Vec<SignedBatch>) {
        let mut conn = app.database.pool().acquire().await.unwrap();
        for batches in [batches, Vec::new()] {
            self.network.decide(batches);
            let height = self.network.state.height;
            self.index(&mut conn, height).await;
        }
        app.shared.directory.refresh(app.database.pool()).await.unwrap();
    }

    /// As [`Chain::settle`], where the service is another organisation's.
    pub async fn settle_as(&mut self, app: &TestApp, author: OrganisationId) {
        let mut conn = app.database.pool().acquire().await.unwrap();
        let limits = TakeLimits { rows: 1_000, updates: 8_192, bytes: 1 << 20 };
        let rows = store::outbox::take(&mut conn, limits).await.unwrap();
        let tip = self.network.state.tip(author);
        let (mut events, mut changes, mut updates, mut marks) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let leaf = row.commitment.map(|commitment| {
                events.push(Hash(commitment));
                tip.events + events.len() as u64 - 1
            });
            marks.push(Mark { id: row.id, leaf });
            let (mut of_row, mut changes_of_row) = read(row);
            let event = (tip.events + events.len() as u64).saturating_sub(1);
            of_row.iter_mut().for_each(|update: &mut StatusUpdate| update.event = event);
            updates.append(&mut of_row);
            changes.append(&mut changes_of_row);
        }
        let asked = updates.clone();
        let signed = self.network.batch(author, &events, changes, updates);
        let header = signed.batch.header.clone();
        let count = u64::from(header.events);
        let pads = (events.len() as u64..count).map(|n| ledger::batch::padding(&[9; 32], tip.events + n).0);
        let leaves: Vec<[u8; 32]> = events.iter().map(|event| event.0).chain(pads).collect();
        let now = api::clock::moment(app.clock.now_ms());
        store::batch::insert(&mut conn, header.sequence, &header.hash().0, &[], now).await.unwrap();
        store::batch_leaves::insert(&mut conn, header.sequence, &leaves).await.unwrap();
        store::outbox::mark(&mut conn, header.sequence, &marks).await.unwrap();
        self.network.decide(vec![signed]);
        let height = self.network.state.height;
        self.index(&mut conn, height).await;
        store::batch::set_final(&mut conn, header.sequence, height.0).await.unwrap();
        store::outbox::delete_batch(&mut conn, header.sequence).await.unwrap();
        self.finish(&mut conn, height, &rows, &asked).await;
        self.decide_requests(&mut conn, height).await;
        self.network.decide(Vec::new());
        self.index(&mut conn, height.next()).await;
        app.shared.directory.refresh(app.database.pool()).await.unwrap();
    }

    /// Frees what was on its way, and keeps what was refused.
    async fn finish(
        &self,
        conn: &mut PgConnection,
        height: Height,
        rows: &[OutboxRow],
        asked: &[StatusUpdate],
    ) {
        let freed: Vec<[u8; 32]> = asked.iter().map(|update| update.record_key.0).collect();
        store::pending_change::delete(conn, &freed).await.unwrap();
        let outcomes = &self.network.blocks[height.0 as usize - 1].execution.outcomes[0];
        let outcomes = &outcomes[outcomes.len() - asked.len()..];
        let mut events = rows.iter().flat_map(|row| (0..row.update_count).map(|_| row.event));
        let mut refused = Vec::new();
        for (update, outcome) in asked.iter().zip(outcomes) {
            let event = events.next().flatten();
            if let (Outcome::Refused(refusal), Some((event_seq, _))) = (outcome, event) {
                let (record_key, refusal) = (update.record_key.0, refusal.code());
                refused.push(UpdateRefusal { event_seq, record_key, refusal, height: height.0 });
            }
        }
        store::update_refusal::insert(conn, &refused).await.unwrap();
    }

    /// Records what became of the first batch's directory changes, as an indexer does.
    async fn decide_requests(&self, conn: &mut PgConnection, height: Height) {
        let decided = self.network.decided(height);
        let changes = decided.block.batches[0].batch.changes.iter();
        let outcomes = &self.network.blocks[height.0 as usize - 1].execution.outcomes[0];
        let told: Vec<Decided> = changes
            .zip(outcomes)
            .map(|(change, outcome)| Decided {
                change: change.to_bytes(),
                refusal: match outcome {
                    Outcome::Accepted => None,
                    Outcome::Refused(refusal) => Some(refusal.code()),
                },
            })
            .collect();
        store::directory_request::decide(conn, &told, height.0).await.unwrap();
    }

    /// Writes a block as an indexer does.
    async fn index(&self, conn: &mut PgConnection, height: Height) {
        let (decided, execution) =
            (self.network.decided(height), &self.network.blocks[height.0 as usize - 1].execution);
        let header = &decided.block.header;
        let block = StoredBlock {
            height: height.0,
            hash: header.hash().0,
            time_ms: header.time_ms,
            header: header.to_bytes(),
            certificate: decided.certificate.to_bytes(),
            results: DecidedBlock::outcome_bytes(&decided.outcomes),
        };
        store::block::insert(conn, &block).await.unwrap();
        let batches: Vec<BlockBatch> = (0..)
            .zip(&decided.block.batches)
            .map(|(position, signed)| BlockBatch {
                height: height.0,
                position,
                author: signed.batch.header.author.0,
                sequence: signed.batch.header.sequence,
                hash: signed.batch.header.hash().0,
                signed: signed.to_bytes(),
            })
            .collect();
        store::block_batch::insert(conn, &batches).await.unwrap();
        let (mut new, mut changed, mut history) = (Vec::new(), Vec::new(), Vec::new());
        for (key, record) in &execution.records {
            let row = StatusRow { record_key: key.0, record: record.to_bytes() };
            if record.commissioned.height == height {
                new.push(row);
            } else {
                changed.push(row);
                let at = record.changed;
                history.push(StatusChange {
                    record_key: key.0,
                    version: record.version,
                    height: at.height.0,
                    batch: at.batch,
                    item: at.item,
                });
            }
        }
        store::status_record::insert(conn, &new).await.unwrap();
        store::status_record::update(conn, &changed).await.unwrap();
        store::status_history::insert(conn, &history).await.unwrap();
        let freed: Vec<[u8; 32]> = changed.iter().map(|row| row.record_key).collect();
        store::pending_change::delete(conn, &freed).await.unwrap();
        self.write_state(conn).await;
    }
}

fn read(row: &OutboxRow) -> (Vec<StatusUpdate>, Vec<DirectoryChange>) {
    let mut reader = Reader::new(&row.updates);
    let updates = (0..row.update_count).map(|_| StatusUpdate::read(&mut reader).unwrap()).collect();
    reader.finish().unwrap();
    let (mut reader, mut changes) = (Reader::new(&row.changes), Vec::new());
    while reader.offset() < row.changes.len() {
        changes.push(DirectoryChange::read(&mut reader).unwrap());
    }
    (updates, changes)
}
