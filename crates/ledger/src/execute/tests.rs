//! The rules, tried block by block on a network of four organisations.

use gs1::{CompanyPrefix, ExpiryDate, Gln, Gtin, Lot, SerialNumber};
use lifecycle::{PackState, Role};

use super::*;
use crate::batch::padded;
use crate::directory::{KeyEntry, OrganisationStanding, RecallClass};
use crate::status::LabelTags;
use crate::{
    Batch, DirectoryChange, Organisation, PackIdentity, Product, Rules, SignedBatch, SigningKey, Validator,
};

const T: u64 = 1_790_000_000_000;
const MAKER: OrganisationId = OrganisationId(1);
const PHARMACY: OrganisationId = OrganisationId(3);
const OTHER_PHARMACY: OrganisationId = OrganisationId(4);
const REGULATOR: OrganisationId = OrganisationId(5);
const SITE: &str = "9521321000018";

fn key(id: OrganisationId) -> SigningKey {
    SigningKey::from_bytes(&[id.0 as u8; 32]).unwrap()
}

fn gtin() -> Gtin {
    Gtin::new("09521568251204").unwrap()
}

fn genesis() -> Genesis {
    let organisation = |id: OrganisationId, role, prefix: Option<&str>| Organisation {
        id,
        name: format!("Organisation {id}"),
        role,
        glns: Vec::new(),
        company_prefixes: prefix.map(|p| CompanyPrefix::new(p).unwrap()).into_iter().collect(),
        keys: vec![KeyEntry { public_key: key(id).public_key(), from: Height(0), until: None }],
        commissions_for: Vec::new(),
        standing: OrganisationStanding::Good,
        standing_since: Height(0),
    };
    Genesis {
        name: "test".to_owned(),
        time_ms: T,
        test: true,
        rules: Rules::eu(),
        organisations: vec![
            organisation(MAKER, Role::Manufacturer, Some("952156825")),
            organisation(PHARMACY, Role::Pharmacy, None),
            organisation(OTHER_PHARMACY, Role::Pharmacy, None),
            organisation(REGULATOR, Role::Regulator, None),
        ],
        products: vec![Product {
            gtin: gtin(),
            owner: MAKER,
            name: "Example 5 mg tablets".to_owned(),
            form: "tablet".to_owned(),
            strength: "5 mg".to_owned(),
            registered: Height(0),
        }],
        validators: vec![Validator { organisation: MAKER, public_key: key(MAKER).public_key(), power: 1 }],
    }
}

/// A chain that keeps its records in memory.
struct Chain {
    state: ChainState,
    records: BTreeMap<Hash, StatusRecord>,
}

impl Chain {
    fn new() -> Self {
        Chain { state: ChainState::genesis(&genesis()), records: BTreeMap::new() }
    }

    fn batch(
        &self,
        by: OrganisationId,
        changes: Vec<DirectoryChange>,
        updates: Vec<StatusUpdate>,
    ) -> SignedBatch {
        let events = updates.len() as u32;
        let leaves: Vec<Hash> = (0..padded(events)).map(|i| Hash([i as u8; 32])).collect();
        let time = self.state.time_ms + 10;
        Batch::next((self.state.network, by), &self.state.tip(by), &leaves, changes, updates, time)
            .sign(&key(by))
    }

    fn block(&self, batches: Vec<SignedBatch>) -> Block {
        Block { header: self.state.next_header(&batches, self.state.time_ms + 10), batches }
    }

    fn check(&self, block: &Block) -> Result<(), InvalidBlock> {
        self.state.check(block, block.to_bytes().len(), block.header.time_ms, &())
    }

    fn decide(&mut self, batches: Vec<SignedBatch>) -> Execution {
        let block = self.block(batches);
        self.check(&block).unwrap();
        let wanted = record_keys(&block);
        let records =
            self.records.iter().filter(|(k, _)| wanted.contains(k)).map(|(k, r)| (*k, r.clone())).collect();
        let execution = execute(&self.state, &block, records);
        self.records.extend(execution.records.clone());
        self.state = execution.state.clone();
        execution
    }

    fn one(&mut self, by: OrganisationId, update: StatusUpdate) -> Outcome {
        let batch = self.batch(by, Vec::new(), vec![update]);
        self.decide(vec![batch]).outcomes[0][0]
    }
}

fn pack(serial: &str) -> PackIdentity {
    PackIdentity { gtin: gtin(), serial: SerialNumber::new(serial).unwrap() }
}

fn commission(pack: &PackIdentity, chain: &Chain) -> StatusUpdate {
    StatusUpdate {
        record_key: pack.record_key(MAKER),
        issuer: MAKER,
        transition: Transition::Commission,
        version: 0,
        opening: None,
        next_lock: pack.lock(0),
        site_tag: None,
        site_time_ms: chain.state.time_ms,
        checked: chain.state.height,
        event: 0,
        label: Some(LabelTags {
            lot: pack.lot_tag(&Lot::new("A123").unwrap()),
            expiry: pack.expiry_tag(&ExpiryDate::new("280300", 2026).unwrap()),
        }),
        plain: false,
    }
}

fn change(pack: &PackIdentity, transition: Transition, version: u32, chain: &Chain) -> StatusUpdate {
    StatusUpdate {
        transition,
        version,
        opening: Some(pack.opening(version)),
        next_lock: pack.lock(version + 1),
        site_tag: Some(pack.site_tag(version, &Gln::new(SITE).unwrap())),
        label: None,
        ..commission(pack, chain)
    }
}

fn refused(refusal: Refusal) -> Outcome {
    Outcome::Refused(refusal)
}

#[test]
fn a_pack_is_commissioned_dispensed_undone_and_dispensed_again() {
    let (mut chain, pack) = (Chain::new(), pack("S1"));
    assert_eq!(chain.one(MAKER, commission(&pack, &chain)), Outcome::Accepted);
    assert_eq!(chain.one(PHARMACY, change(&pack, Transition::Dispense, 0, &chain)), Outcome::Accepted);
    let site_tag = chain.records[&pack.record_key(MAKER)].site_tag;
    let undo = StatusUpdate { site_tag, ..change(&pack, Transition::Undo, 1, &chain) };
    assert_eq!(chain.one(PHARMACY, undo), Outcome::Accepted);
    assert_eq!(chain.one(PHARMACY, change(&pack, Transition::Dispense, 2, &chain)), Outcome::Accepted);
    let record = &chain.records[&pack.record_key(MAKER)];
    assert_eq!((record.state, record.version), (PackState::Supplied, 3));
    assert_eq!(record.commissioned.height, Height(1));
}

#[test]
fn the_order_of_the_chain_decides_between_two_dispenses_in_one_block() {
    let (mut chain, pack) = (Chain::new(), pack("S1"));
    chain.one(MAKER, commission(&pack, &chain));
    let dispense = change(&pack, Transition::Dispense, 0, &chain);
    let first = chain.batch(OTHER_PHARMACY, Vec::new(), vec![dispense.clone()]);
    let second = chain.batch(PHARMACY, Vec::new(), vec![dispense]);
    let outcomes = chain.decide(vec![first, second]).outcomes;
    assert_eq!(outcomes, [vec![Outcome::Accepted], vec![refused(Refusal::AlreadyInState)]]);
    assert_eq!(chain.records[&pack.record_key(MAKER)].author, OTHER_PHARMACY);
}

#[test]
fn each_rule_refuses_by_its_name() {
    let (mut chain, p) = (Chain::new(), pack("S1"));
    chain.one(MAKER, commission(&p, &chain));
    assert_eq!(chain.one(MAKER, commission(&p, &chain)), refused(Refusal::AlreadyCommissioned));
    assert_eq!(chain.one(PHARMACY, commission(&pack("S2"), &chain)), refused(Refusal::NotOwner));
    let unknown = change(&pack("S3"), Transition::Dispense, 0, &chain);
    assert_eq!(chain.one(PHARMACY, unknown), refused(Refusal::UnknownPack));
    let stale = change(&p, Transition::Dispense, 1, &chain);
    assert_eq!(chain.one(PHARMACY, stale), refused(Refusal::Version));
    let read_off_the_chain =
        StatusUpdate { opening: Some(Hash::ZERO), ..change(&p, Transition::Dispense, 0, &chain) };
    assert_eq!(chain.one(PHARMACY, read_off_the_chain), refused(Refusal::Possession));
    let early = StatusUpdate { site_time_ms: T + 1_000_000, ..change(&p, Transition::Dispense, 0, &chain) };
    assert_eq!(chain.one(PHARMACY, early), refused(Refusal::Time));
    let elsewhere = change(&p, Transition::Destroy, 0, &chain);
    assert_eq!(chain.one(REGULATOR, elsewhere), refused(Refusal::Role));
}

#[test]
fn the_issuer_needs_no_opening() {
    let (mut chain, pack) = (Chain::new(), pack("S1"));
    chain.one(MAKER, commission(&pack, &chain));
    let lock = StatusUpdate { opening: None, ..change(&pack, Transition::Lock, 0, &chain) };
    assert_eq!(chain.one(MAKER, lock), Outcome::Accepted);
}

fn stop(lot: Option<&str>) -> DirectoryChange {
    let lot = lot.map(|text| Lot::new(text).unwrap());
    DirectoryChange::Stop { gtin: gtin(), lot, class: RecallClass::I, reason: "contaminated".to_owned() }
}

#[test]
fn a_recall_holds_in_its_own_block_and_asks_sites_to_check_again() {
    let (mut chain, pack) = (Chain::new(), pack("S1"));
    chain.one(MAKER, commission(&pack, &chain));
    let dispense = chain.batch(PHARMACY, Vec::new(), vec![change(&pack, Transition::Dispense, 0, &chain)]);
    let recall = chain.batch(MAKER, vec![stop(Some("A123"))], Vec::new());
    // The dispense stands first in the block, and directory changes still come before it.
    let outcomes = chain.decide(vec![dispense, recall]).outcomes;
    assert_eq!(outcomes, [vec![refused(Refusal::Recheck)], vec![Outcome::Accepted]]);
    let rechecked = change(&pack, Transition::Dispense, 0, &chain);
    assert_eq!(chain.one(PHARMACY, rechecked), Outcome::Accepted, "executors cannot see the pack's lot");
}

#[test]
fn nobody_can_have_checked_a_block_that_is_not_there_yet() {
    let (mut chain, pack) = (Chain::new(), pack("S1"));
    chain.one(MAKER, commission(&pack, &chain));
    let ahead =
        StatusUpdate { checked: chain.state.height.next(), ..change(&pack, Transition::Dispense, 0, &chain) };
    assert_eq!(chain.one(PHARMACY, ahead), refused(Refusal::Recheck));
}

#[test]
fn directory_changes_belong_to_owner_or_regulator_and_happen_once() {
    let mut chain = Chain::new();
    let mut one = |by, change| {
        let batch = chain.batch(by, vec![change], Vec::new());
        chain.decide(vec![batch]).outcomes[0][0]
    };
    assert_eq!(one(PHARMACY, stop(None)), refused(Refusal::NotOwner));
    assert_eq!(one(REGULATOR, stop(None)), Outcome::Accepted);
    assert_eq!(one(MAKER, stop(None)), refused(Refusal::AlreadyStopped));
    let suspend = |by| DirectoryChange::SetStanding {
        organisation: by,
        standing: OrganisationStanding::Suspended,
        reason: "licence withdrawn".to_owned(),
    };
    assert_eq!(one(MAKER, suspend(PHARMACY)), refused(Refusal::Role));
    assert_eq!(one(REGULATOR, suspend(REGULATOR)), refused(Refusal::Role));
}

#[test]
fn a_suspended_organisations_batch_makes_the_block_invalid_from_the_suspending_block_on() {
    let (chain, pack) = (Chain::new(), pack("S1"));
    let suspend = DirectoryChange::SetStanding {
        organisation: MAKER,
        standing: OrganisationStanding::Suspended,
        reason: "licence withdrawn".to_owned(),
    };
    let theirs = chain.batch(MAKER, Vec::new(), vec![commission(&pack, &chain)]);
    let block = chain.block(vec![theirs, chain.batch(REGULATOR, vec![suspend], Vec::new())]);
    let cause = InvalidBatch::Suspended(MAKER);
    assert_eq!(chain.check(&block), Err(InvalidBlock::Batch { index: 0, cause }));
}

#[test]
fn a_batch_follows_its_authors_last_one_and_is_signed_by_its_key() {
    let mut chain = Chain::new();
    let first = chain.batch(MAKER, Vec::new(), vec![commission(&pack("S1"), &chain)]);
    let fault = |chain: &Chain, batch: SignedBatch| match chain.check(&chain.block(vec![batch])) {
        Err(InvalidBlock::Batch { cause, .. }) => cause,
        other => panic!("{other:?}"),
    };
    let forged = SignedBatch { signature: key(PHARMACY).sign(&Hash::ZERO), ..first.clone() };
    assert_eq!(fault(&chain, forged), InvalidBatch::Signature(MAKER));
    let mut altered = first.clone();
    altered.batch.updates[0].plain = true;
    assert_eq!(fault(&chain, altered), InvalidBatch::Shape);
    chain.decide(vec![first.clone()]);
    assert_eq!(fault(&chain, first), InvalidBatch::Sequence { found: 1, expected: 2 });
    let mut stray = chain.batch(MAKER, Vec::new(), vec![commission(&pack("S2"), &chain)]);
    stray.batch.header.previous = Hash::ZERO;
    assert_eq!(fault(&chain, stray), InvalidBatch::Previous);
}

/// Says of every batch that this key signed it.
struct SignedBy(crate::PublicKey);

impl super::Verified for SignedBy {
    fn signer(&self, _: &SignedBatch) -> Option<crate::PublicKey> {
        Some(self.0)
    }
}

#[test]
fn a_batch_verified_before_counts_only_while_its_key_is_its_authors() {
    let chain = Chain::new();
    let first = chain.batch(MAKER, Vec::new(), vec![commission(&pack("S1"), &chain)]);
    let forged = SignedBatch { signature: key(PHARMACY).sign(&Hash::ZERO), ..first };
    let block = chain.block(vec![forged]);
    let check = |by| chain.state.check(&block, 0, block.header.time_ms, &SignedBy(key(by).public_key()));
    assert_eq!(check(MAKER), Ok(()), "not verified again");
    let cause = InvalidBatch::Signature(MAKER);
    assert_eq!(check(PHARMACY), Err(InvalidBlock::Batch { index: 0, cause }));
}

#[test]
fn a_block_with_any_other_header_is_invalid() {
    let mut chain = Chain::new();
    chain.one(MAKER, commission(&pack("S1"), &chain));
    let good = chain.block(Vec::new());
    assert_eq!(chain.check(&good), Ok(()));
    let mut bad = good.clone();
    bad.header.status_root = Hash::ZERO;
    assert_eq!(chain.check(&bad), Err(InvalidBlock::Header("status root")));
    let mut bad = good.clone();
    bad.header.time_ms = chain.state.time_ms;
    assert_eq!(chain.check(&bad), Err(InvalidBlock::Time));
    let late = chain.state.check(&good, 0, good.header.time_ms - 2_001, &());
    assert_eq!(late, Err(InvalidBlock::Time));
}

#[test]
fn execution_repeats_exactly() {
    let run = || {
        let mut chain = Chain::new();
        chain.one(MAKER, commission(&pack("S1"), &chain));
        chain.one(PHARMACY, change(&pack("S1"), Transition::Dispense, 0, &chain));
        chain.state
    };
    assert_eq!(run(), run());
}
