//! A small network in memory, for tests: the same at every run, with private keys that anybody can compute.
//!
//! Behind the feature `testkit`, which no service turns on. The golden vectors are made with it, so a change
//! here that changes them needs a reason of its own.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "its inputs are constants and its callers are tests"
)]

use std::collections::BTreeMap;

use gs1::{CompanyPrefix, Gln, Gtin, Lot, SerialNumber};
use lifecycle::Role;
use sha2::{Digest, Sha256};

use crate::batch::{padded, padding};
use crate::certificate::{CommitSignature, VoteKind, vote_sign_bytes};
use crate::directory::{GovernedAct, GovernedChange, KeyEntry, OrganisationStanding};
use crate::evidence::Evidence;
use crate::execute::{InvalidBlock, record_keys};
use crate::prove::DecidedBlock;
use crate::receipt::{EventReceipt, ItemReceipt, SignedHeader};
use crate::trust::{Handover, Trust, Voters};
use crate::{
    Batch, Block, BlockHeader, Canonical, Certificate, ChainState, DirectoryChange, Execution, Genesis, Hash,
    Height, Item, Organisation, OrganisationId, Outcome, PackIdentity, Product, Rules, SignedBatch,
    SigningKey, StatusRecord, StatusUpdate, Validator, execute,
};

mod story;

pub use story::{LOT, OTHER_LOT, Story, change, commission, event_fields, event_salt, recall, story};

/// Time of the genesis, in milliseconds since 1970 UTC: 2025-06-15T15:06:40Z.
pub const START_MS: u64 = 1_750_000_000_000;
/// Owner of the one product.
pub const MAKER: OrganisationId = OrganisationId(1);
/// Wholesaler.
pub const DISTRIBUTOR: OrganisationId = OrganisationId(2);
/// Pharmacy.
pub const PHARMACY: OrganisationId = OrganisationId(3);
/// Authority.
pub const REGULATOR: OrganisationId = OrganisationId(4);
/// The four, each with a validator.
pub const MEMBERS: [OrganisationId; 4] = [MAKER, DISTRIBUTOR, PHARMACY, REGULATOR];

/// The key that signs an organisation's batches.
pub fn organisation_key(id: OrganisationId) -> SigningKey {
    SigningKey::from_bytes(&[id.0 as u8; 32]).unwrap()
}

/// The key that an organisation's validator votes with.
pub fn validator_key(id: OrganisationId) -> SigningKey {
    SigningKey::from_bytes(&[0x40 + id.0 as u8; 32]).unwrap()
}

/// The one product.
pub fn gtin() -> Gtin {
    Gtin::new("09521568251204").unwrap()
}

/// A pack of the product.
pub fn pack(serial: &str) -> PackIdentity {
    PackIdentity { gtin: gtin(), serial: SerialNumber::new(serial).unwrap() }
}

/// An organisation's site; those of the first seven differ.
pub fn site(id: OrganisationId) -> Gln {
    const SITES: [&str; 7] = [
        "9521321000001",
        "9521321000018",
        "9521321000025",
        "9521321000032",
        "9521321000049",
        "9521321000056",
        "9521321000063",
    ];
    Gln::new(SITES[id.0 as usize % SITES.len()]).unwrap()
}

/// An organisation in good standing with its one key.
pub fn organisation(id: OrganisationId, role: Role) -> Organisation {
    let prefix = (id == MAKER).then(|| CompanyPrefix::new("952156825").unwrap());
    Organisation {
        id,
        name: format!("Example {} {id}", role.as_str()),
        role,
        glns: vec![site(id)],
        company_prefixes: prefix.into_iter().collect(),
        keys: vec![KeyEntry { public_key: organisation_key(id).public_key(), from: Height(0), until: None }],
        commissions_for: Vec::new(),
        standing: OrganisationStanding::Good,
        standing_since: Height(0),
    }
}

/// A genesis of the four members and the one product.
pub fn genesis() -> Genesis {
    let validator = |id| Validator { organisation: id, public_key: validator_key(id).public_key(), power: 1 };
    Genesis {
        name: "Example network".to_owned(),
        time_ms: START_MS,
        test: true,
        rules: Rules::eu(),
        organisations: vec![
            organisation(MAKER, Role::Manufacturer),
            organisation(DISTRIBUTOR, Role::Distributor),
            organisation(PHARMACY, Role::Pharmacy),
            organisation(REGULATOR, Role::Regulator),
        ],
        products: vec![Product {
            gtin: gtin(),
            owner: MAKER,
            name: "Example 5 mg tablets".to_owned(),
            form: "tablet".to_owned(),
            strength: "5 mg".to_owned(),
            registered: Height(0),
        }],
        validators: MEMBERS.map(validator).to_vec(),
    }
}

/// Precommits of these members' validators on a block.
pub fn certify(header: &BlockHeader, kind: VoteKind, round: u32, signers: &[OrganisationId]) -> Certificate {
    let block = header.hash();
    let sign = |id: &OrganisationId| {
        let key = validator_key(*id);
        let address = crate::Address::of(&key.public_key());
        let bytes = vote_sign_bytes(&header.network, kind, header.height, round, Some(&block), &address);
        CommitSignature { address, signature: key.sign(&Hash(Sha256::digest(&bytes).into())) }
    };
    let mut signatures: Vec<CommitSignature> = signers.iter().map(sign).collect();
    signatures.sort_by_key(|commit| commit.address);
    Certificate { height: header.height, round, block, signatures }
}

/// A decided block and what it did.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The block.
    pub block: Block,
    /// What it did.
    pub execution: Execution,
}

/// A chain with everything that receipts are made of.
#[derive(Debug, Clone)]
pub struct Network {
    /// What it started from.
    pub genesis: Genesis,
    /// Where it stands.
    pub state: ChainState,
    /// Every record.
    pub records: BTreeMap<Hash, StatusRecord>,
    /// Every block, from height 1.
    pub blocks: Vec<Decided>,
    /// Who votes on which of them.
    pub voters: Voters,
    /// Leaves of every batch's events tree, by batch hash.
    leaves: BTreeMap<Hash, Vec<Hash>>,
}

impl Network {
    /// A network before its first block.
    pub fn of(genesis: Genesis) -> Self {
        Network {
            state: ChainState::genesis(&genesis),
            voters: Voters::of_genesis(&genesis),
            genesis,
            records: BTreeMap::new(),
            blocks: Vec::new(),
            leaves: BTreeMap::new(),
        }
    }

    /// What a verifier of this network trusts.
    pub fn trust(&self) -> Trust<'_> {
        self.voters.trust()
    }

    /// An organisation's next batch: events by their commitments, padded, and items.
    pub fn batch(
        &mut self,
        by: OrganisationId,
        events: &[Hash],
        changes: Vec<DirectoryChange>,
        updates: Vec<StatusUpdate>,
    ) -> SignedBatch {
        let tip = self.state.tip(by);
        let count = u64::from(padded(events.len() as u32));
        let pad = (events.len() as u64..count).map(|number| padding(&[9; 32], tip.events + number));
        let leaves: Vec<Hash> = events.iter().copied().chain(pad).collect();
        let (network, time_ms) = (self.state.network, self.state.time_ms);
        let batch = Batch::next((network, by), &tip, &leaves, changes, updates, time_ms);
        self.leaves.insert(batch.header.hash(), leaves);
        batch.sign(&organisation_key(by))
    }

    /// The next block, `step_ms` after the last.
    pub fn block(&self, batches: Vec<SignedBatch>, step_ms: u64) -> Block {
        let header = self.state.next_header(&batches, self.state.time_ms + step_ms);
        Block { header, batches }
    }

    /// Whether a validator with a right clock would vote for the block.
    ///
    /// # Errors
    /// [`InvalidBlock`] naming the first fault.
    pub fn check(&self, block: &Block) -> Result<(), InvalidBlock> {
        self.state.check(block, block.to_bytes().len(), block.header.time_ms, &())
    }

    /// Executes a block.
    pub fn commit(&mut self, block: Block) -> &Decided {
        let known = |key: Hash| Some((key, self.records.get(&key)?.clone()));
        let records = record_keys(&block).into_iter().filter_map(known).collect();
        let execution = execute(&self.state, &block, records);
        self.records.extend(execution.records.clone());
        self.state = execution.state.clone();
        let (network, first) = (self.state.network, self.genesis.validator_set());
        self.voters = Voters::of_directory(network, first, &self.state.directory);
        self.blocks.push(Decided { block, execution });
        self.blocks.last().unwrap()
    }

    /// Makes, checks and executes the next block, ten milliseconds after the last.
    pub fn decide(&mut self, batches: Vec<SignedBatch>) -> &Decided {
        let block = self.block(batches, 10);
        self.check(&block).unwrap();
        self.commit(block)
    }

    /// A governed change with the approvals of these members.
    pub fn governed(
        &self,
        effective: Height,
        act: GovernedAct,
        approving: &[OrganisationId],
    ) -> DirectoryChange {
        let number = self.state.directory.last_governed() + 1;
        let mut change = GovernedChange::new(number, effective, act);
        for governor in approving {
            change.approve(&self.state.network, *governor, &organisation_key(*governor));
        }
        DirectoryChange::Governed(change)
    }

    /// Every hand-over so far.
    pub fn handovers(&self) -> Vec<Handover> {
        let changed = |height: &Height| self.voters.at(*height) != self.voters.at(height.next());
        let heights = (1..=self.state.height.0).map(Height).filter(changed);
        let handover = |height: Height| Handover {
            block: self.signed_header(height),
            validators: self.voters.at(height.next()).unwrap().clone(),
        };
        heights.map(handover).collect()
    }

    /// A block as a node that indexed it has it, with the precommits of its validators: of all but the
    /// last, where they are enough.
    pub fn decided(&self, height: Height) -> DecidedBlock {
        let Decided { block, execution } = &self.blocks[height.0 as usize - 1];
        let validators = self.voters.at(height).unwrap().iter();
        let mut signers: Vec<OrganisationId> = validators.map(|validator| validator.organisation).collect();
        signers.sort_unstable();
        let (all, fewer) = (signers.len(), signers.len().saturating_sub(1));
        if fewer * 3 > all * 2 {
            signers.pop();
        }
        let certificate = certify(&block.header, VoteKind::Precommit, 0, &signers);
        let outcomes = DecidedBlock::outcome_bytes(&execution.outcomes);
        DecidedBlock::from_stored(block.clone(), certificate, &outcomes).unwrap()
    }

    /// The header of a block, signed.
    pub fn signed_header(&self, height: Height) -> SignedHeader {
        self.decided(height).signed_header()
    }

    /// Receipt of an event, by its place in the batch.
    pub fn event_receipt(&self, height: Height, batch: u32, index: u32) -> EventReceipt {
        let decided = self.decided(height);
        let leaves = &self.leaves[&decided.block.batches[batch as usize].batch.header.hash()];
        decided.event_receipt(batch, leaves, index).unwrap()
    }

    /// Receipt of an item of a block that has a successor.
    pub fn item_receipt(&self, height: Height, batch: u32, item: u32) -> ItemReceipt {
        let next = self.signed_header(height.next());
        self.decided(height).item_receipt(batch, item, &next).unwrap()
    }

    /// Everything that the chain has about a pack of the maker's.
    pub fn evidence(&self, pack: &PackIdentity, lot: Option<&Lot>) -> Evidence {
        let (mut changes, mut stops) = (Vec::new(), Vec::new());
        let key = pack.record_key(MAKER);
        for decided in &self.blocks {
            let height = decided.block.header.height;
            for (batch, outcomes) in (0u32..).zip(&decided.execution.outcomes) {
                for (item, _) in (0u32..).zip(outcomes).filter(|(_, o)| **o == Outcome::Accepted) {
                    match decided.block.batches[batch as usize].batch.item(item).unwrap() {
                        Item::Update(update) if update.record_key == key => {
                            changes.push(self.item_receipt(height, batch, item));
                        }
                        Item::Change(DirectoryChange::Stop { gtin, lot: stopped, .. })
                            if gtin == pack.gtin && (stopped.is_none() || stopped.as_ref() == lot) =>
                        {
                            stops.push(self.item_receipt(height, batch, item));
                        }
                        _ => {}
                    }
                }
            }
        }
        Evidence {
            gtin: pack.gtin,
            serial: pack.serial.clone(),
            issuer: MAKER,
            lot: lot.cloned(),
            changes,
            stops,
            head: self.signed_header(self.state.height),
        }
    }
}
