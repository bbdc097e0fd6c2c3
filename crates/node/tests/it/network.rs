//! A network of nodes in one process, each with a database and peers of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gs1::{ExpiryDate, Gln, Gtin, Lot, SerialNumber};
use ledger::directory::{KeyEntry, OrganisationStanding};
use ledger::status::LabelTags;
use ledger::{
    Canonical, Genesis, Hash, Height, Organisation, OrganisationId, PackIdentity, Product, Rules, SigningKey,
    StatusUpdate, Validator,
};
use lifecycle::{PackState, Role, Transition};
use store::testing::TestDatabase;
use time::OffsetDateTime;

const NODES: usize = 4;
const DEADLINE: Duration = Duration::from_secs(240);
const ROLES: [Role; NODES] = [Role::Manufacturer, Role::Distributor, Role::Pharmacy, Role::Pharmacy];

struct Member {
    database: TestDatabase,
    config: node::Config,
    node: Option<node::Node>,
}

pub struct Network {
    members: Vec<Member>,
    dir: PathBuf,
}

/// An event of one member, and the pack it changes.
pub struct ChangeOf {
    seq: u64,
    captured_at: OffsetDateTime,
    record_key: [u8; 32],
}

pub fn change_of(event: (u64, OffsetDateTime), pack: &PackIdentity) -> ChangeOf {
    ChangeOf { seq: event.0, captured_at: event.1, record_key: pack.record_key(id(0)).0 }
}

fn id(index: usize) -> OrganisationId {
    OrganisationId(index as u32 + 1)
}

fn key(index: usize) -> SigningKey {
    SigningKey::from_bytes(&[index as u8 + 1; 32]).unwrap()
}

fn gtin() -> Gtin {
    Gtin::new("09521568251204").unwrap()
}

pub fn pack(serial: &str) -> PackIdentity {
    PackIdentity { gtin: gtin(), serial: SerialNumber::new(serial).unwrap() }
}

fn now_ms() -> u64 {
    (OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000) as u64
}

fn genesis() -> Genesis {
    let organisation = |index: usize| Organisation {
        id: id(index),
        name: format!("member-{}", index + 1),
        role: ROLES[index],
        glns: Vec::new(),
        company_prefixes: Vec::new(),
        keys: vec![KeyEntry { public_key: key(index).public_key(), from: Height(0), until: None }],
        commissions_for: Vec::new(),
        standing: OrganisationStanding::Good,
        standing_since: Height(0),
    };
    let validator =
        |index: usize| Validator { organisation: id(index), public_key: key(index).public_key(), power: 1 };
    Genesis {
        name: "test".to_owned(),
        time_ms: now_ms() - 1_000,
        test: true,
        rules: Rules::eu(),
        organisations: (0..NODES).map(organisation).collect(),
        products: vec![Product {
            gtin: gtin(),
            owner: id(0),
            name: "Example 5 mg tablets".to_owned(),
            form: "tablet".to_owned(),
            strength: "5 mg".to_owned(),
            registered: Height(0),
        }],
        validators: (0..NODES).map(validator).collect(),
    }
}

impl Network {
    pub async fn start() -> Self {
        let genesis = genesis();
        let ports: Vec<u16> = (0..2 * NODES).filter_map(|_| consensus::testing::free_port()).collect();
        let dir = std::env::temp_dir().join(format!("theriac-node-{}", uuid::Uuid::now_v7().simple()));
        let peer = |index: usize, port: u16| {
            let id = consensus::peer_id(&key(index).public_key()).expect("the key is a peer");
            format!("/ip4/127.0.0.1/tcp/{port}/p2p/{id}")
        };
        let mut members = Vec::new();
        for index in 0..NODES {
            let others = |offset: usize| -> Vec<String> {
                (0..NODES)
                    .filter(|other| *other != index)
                    .map(|other| peer(other, ports[2 * other + offset]))
                    .collect()
            };
            let config = node::Config {
                organisation: id(index),
                key: key(index),
                genesis: genesis.clone(),
                state_dir: dir.join(format!("{index}")),
                consensus_listen: format!("/ip4/127.0.0.1/tcp/{}", ports[2 * index]),
                consensus_peers: others(0),
                exchange_listen: format!("/ip4/127.0.0.1/tcp/{}", ports[2 * index + 1]),
                exchange_peers: others(1),
                timing: node::Timing {
                    propose: Duration::from_millis(500),
                    vote: Duration::from_millis(200),
                    heartbeat: Duration::from_secs(5),
                    batch_age: Duration::from_millis(2),
                },
            };
            members.push(Member { database: TestDatabase::new().await, config, node: None });
        }
        let mut network = Network { members, dir };
        for index in 0..NODES {
            network.start_one(index).await;
        }
        network
    }

    pub async fn start_one(&mut self, index: usize) {
        let member = &mut self.members[index];
        let clock: node::Clock = Arc::new(now_ms);
        let started =
            node::start(member.config.clone(), member.database.pool().clone(), clock, [index as u8; 32]);
        member.node = Some(started.await.expect("the node starts"));
    }

    pub async fn stop_one(&mut self, index: usize) {
        if let Some(node) = self.members[index].node.take() {
            node.shutdown().await;
        }
    }

    pub async fn stop(mut self) {
        for index in 0..NODES {
            self.stop_one(index).await;
        }
        std::fs::remove_dir_all(&self.dir).expect("the folder goes");
    }

    /// Makes one node fail at a later block: the block is in its database already, as it must never be.
    pub async fn spoil(&self, index: usize) {
        let mut conn = self.connection(index).await;
        let height =
            store::block::head(&mut conn).await.expect("an answer").map_or(0, |head| head.height) + 3;
        let block = store::block::StoredBlock {
            height,
            hash: [height as u8; 32],
            time_ms: 0,
            header: Vec::new(),
            certificate: Vec::new(),
            results: Vec::new(),
        };
        store::block::insert(&mut conn, &block).await.expect("the block is stored");
    }

    /// Waits until a node has ended by itself.
    pub async fn ended(&mut self, index: usize) -> node::Ended {
        let node = self.members[index].node.as_mut().expect("it runs");
        tokio::time::timeout(DEADLINE, node.ended()).await.expect("it ends")
    }

    /// The metrics of one node, as text.
    pub fn metrics(&self, index: usize) -> String {
        let mut registry = prometheus_client::registry::Registry::default();
        if let Some(node) = &self.members[index].node {
            node.register_metrics(&mut registry);
        }
        let mut text = node::consensus_metrics();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("it encodes");
        text
    }

    async fn connection(
        &self,
        index: usize,
    ) -> impl std::ops::DerefMut<Target = store::PgConnection> + use<> {
        self.members[index].database.pool().acquire().await.expect("a connection")
    }

    /// Stores an event that asks for these updates, as a service's intake does.
    async fn ask(&self, index: usize, updates: Vec<StatusUpdate>) -> (u64, OffsetDateTime) {
        let mut conn = self.connection(index).await;
        let seq = store::event::next_seqs(&mut conn, 1).await.expect("a number")[0];
        let at = OffsetDateTime::now_utc();
        let at = at.replace_nanosecond(at.nanosecond() / 1_000 * 1_000).expect("microseconds");
        let encoded: Vec<u8> = updates.iter().flat_map(Canonical::to_bytes).collect();
        let row = store::outbox::NewOutboxRow {
            event: Some((seq, at)),
            commitment: Some([seq as u8; 32]),
            update_count: updates.len() as u32,
            updates: encoded,
            changes: Vec::new(),
            last: true,
            created_at: at,
        };
        store::outbox::insert(&mut conn, &[row]).await.expect("the row is stored");
        if let Some(node) = &self.members[index].node {
            node.link().wake();
        }
        (seq, at)
    }

    /// What waits in a member's outbox.
    pub async fn outbox(&self, index: usize) -> Vec<store::outbox::NewOutboxRow> {
        let mut conn = self.connection(index).await;
        let limits = store::outbox::TakeLimits { rows: 100, updates: 1_000, bytes: 1_000_000 };
        let rows = store::outbox::take(&mut conn, limits).await.expect("an answer");
        let new = |row: store::outbox::OutboxRow| store::outbox::NewOutboxRow {
            event: row.event,
            commitment: row.commitment,
            updates: row.updates,
            update_count: row.update_count,
            changes: row.changes,
            last: row.last,
            created_at: row.created_at,
        };
        rows.into_iter().map(new).collect()
    }

    /// Gives a stopped member a database as it was when nothing but these rows had been written.
    pub async fn restore(&mut self, index: usize, rows: Vec<store::outbox::NewOutboxRow>) {
        self.members[index].database = TestDatabase::new().await;
        let mut conn = self.connection(index).await;
        store::event::next_seqs(&mut conn, rows.len() as u32).await.expect("the numbers are taken");
        store::outbox::insert(&mut conn, &rows).await.expect("the rows are stored");
    }

    /// Sequence of the last batch of a member that is on the chain.
    pub async fn last_batch_of(&self, index: usize) -> u64 {
        let mut conn = self.connection((index + 1) % NODES).await;
        let last = store::block_batch::last_of(&mut conn, id(index).0).await.expect("an answer");
        last.expect("it has one").sequence
    }

    pub async fn commission(&self, index: usize, packs: &[PackIdentity]) -> (u64, OffsetDateTime) {
        let update = |pack: &PackIdentity| StatusUpdate {
            record_key: pack.record_key(id(0)),
            issuer: id(0),
            transition: Transition::Commission,
            version: 0,
            opening: None,
            next_lock: pack.lock(0),
            site_tag: None,
            site_time_ms: now_ms(),
            checked: Height(0),
            event: 0,
            label: Some(LabelTags {
                lot: pack.lot_tag(&Lot::new("A123").unwrap()),
                expiry: pack.expiry_tag(&ExpiryDate::new("300300", 2026).unwrap()),
            }),
            plain: true,
        };
        self.ask(index, packs.iter().map(update).collect()).await
    }

    pub async fn dispense(&self, index: usize, pack: &PackIdentity) -> ChangeOf {
        let update = StatusUpdate {
            record_key: pack.record_key(id(0)),
            issuer: id(0),
            transition: Transition::Dispense,
            version: 0,
            opening: Some(pack.opening(0)),
            next_lock: pack.lock(1),
            site_tag: Some(pack.site_tag(0, &Gln::new("9521321000018").unwrap())),
            site_time_ms: now_ms(),
            checked: Height(0),
            event: 0,
            label: None,
            plain: true,
        };
        change_of(self.ask(index, vec![update]).await, pack)
    }

    pub async fn record(&self, index: usize, pack: &PackIdentity) -> Option<Vec<u8>> {
        let mut conn = self.connection(index).await;
        let rows =
            store::status_record::find(&mut conn, &[pack.record_key(id(0)).0]).await.expect("an answer");
        rows.into_iter().next().map(|row| row.record)
    }

    pub async fn until_records(&self, packs: &[PackIdentity], state: PackState) {
        self.until_records_at(&[0, 1, 2, 3], packs, state).await;
    }

    pub async fn until_records_at(&self, nodes: &[usize], packs: &[PackIdentity], state: PackState) {
        for index in nodes {
            for pack in packs {
                let reached = || async {
                    let record = self.record(*index, pack).await?;
                    let record = ledger::StatusRecord::from_bytes(&record).expect("it decodes");
                    (record.state == state).then_some(())
                };
                until("a record", reached).await;
            }
        }
    }

    /// The refusal of a change, once it is final.
    pub async fn fate(&self, index: usize, change: &ChangeOf) -> Option<u8> {
        let found = || async {
            let mut conn = self.connection(index).await;
            let asked = [(change.seq, change.captured_at, change.record_key)];
            let fates = store::update_refusal::fates(&mut conn, &asked).await.expect("an answer");
            fates[0].height.map(|_| fates[0].refusal)
        };
        until("a fate", found).await
    }

    pub async fn heads_at_common_height(&self) -> Vec<Hash> {
        let mut lowest = u64::MAX;
        for index in 0..NODES {
            let mut conn = self.connection(index).await;
            let head = store::block::head(&mut conn).await.expect("an answer").expect("a block");
            lowest = lowest.min(head.height);
        }
        let mut hashes = Vec::new();
        for index in 0..NODES {
            let mut conn = self.connection(index).await;
            let block = store::block::find(&mut conn, lowest).await.expect("an answer").expect("the block");
            hashes.push(Hash(block.hash));
        }
        hashes
    }
}

/// Asks again until there is an answer, or the deadline has passed.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, ask: impl Fn() -> F) -> T {
    let start = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    loop {
        tick.tick().await;
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < DEADLINE, "{what} did not come within {DEADLINE:?}");
    }
}
