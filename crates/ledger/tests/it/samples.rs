//! One value of every canonical type, made by hand or by the test kit.

use std::collections::BTreeSet;
use std::fmt::Debug;

use gs1::{CompanyPrefix, Gln, Gtin, Lot};
use ledger::batch::Tip;
use ledger::certificate::CommitSignature;
use ledger::commitment::{Disclosure, ShownField};
use ledger::directory::{
    Approval, Entry, Fate, Governed, GovernedAct, GovernedChange, KeyEntry, OrganisationStanding,
    ProductDetails, RecallClass, Stop, StopKey,
};
use ledger::evidence::Evidence;
use ledger::execute::ItemResult;
use ledger::hash::hash_of;
use ledger::keys::LabelTag;
use ledger::map::{height_entry, height_key};
use ledger::receipt::{Anchor, EventReceipt, ItemReceipt, Path, SignedHeader};
use ledger::status::{LabelTags, Location};
use ledger::testkit::{self, LOT, MAKER, PHARMACY, REGULATOR, Story};
use ledger::trust::{Checkpoint, Handover, Handovers};
use ledger::{
    Address, Batch, BatchHeader, Block, BlockHeader, Canonical, Certificate, DirectoryChange, Genesis, Hash,
    Height, Item, Map, MapProof, Organisation, OrganisationId, Outcome, Product, PublicKey, Rules, Signature,
    SignedBatch, StatusRecord, StatusUpdate, Validator, ValidatorSet,
};
use lifecycle::{Matrix, MatrixRow, PackState, Refusal, Role, Transition, Windows};

/// A canonical type with one of its values.
pub struct Sample {
    /// Name of the type.
    pub name: &'static str,
    /// Encoding of the value.
    pub bytes: Vec<u8>,
    /// Decodes bytes as this type and encodes what comes out.
    pub again: fn(&[u8]) -> Option<Vec<u8>>,
}

fn sample<T: Canonical + PartialEq + Debug>(name: &'static str, value: &T) -> Sample {
    let bytes = value.to_bytes();
    assert_eq!(T::from_bytes(&bytes).as_ref(), Ok(value), "{name}");
    Sample { name, bytes, again: |bytes| T::from_bytes(bytes).ok().map(|value| value.to_bytes()) }
}

macro_rules! samples {
    ($($type:ident = $value:expr),* $(,)?) => {
        vec![$({
            let value: $type = $value;
            sample(stringify!($type), &value)
        }),*]
    };
}

type Flag = bool;
type Optional = Option<u64>;
type Text = String;
type GovernedEntry = Entry;
type GovernedDirectoryChange = DirectoryChange;

/// A sample of every canonical type.
pub fn all(story: &Story) -> Vec<Sample> {
    let mut samples = simple();
    samples.extend(directory());
    samples.extend(acts());
    samples.extend(chain(story));
    samples.extend(proofs(story));
    samples
}

fn simple() -> Vec<Sample> {
    samples! {
        u8 = 0x12,
        u16 = 0x1234,
        u32 = 0x1234_5678,
        u64 = 0x1234_5678_9abc_def0,
        Flag = true,
        Optional = Some(7),
        Text = "Überzug".to_owned(),
        Gtin = testkit::gtin(),
        Gln = testkit::site(MAKER),
        Lot = Lot::new(LOT).unwrap(),
        CompanyPrefix = CompanyPrefix::new("952156825").unwrap(),
        Hash = Hash([0xab; 32]),
        PublicKey = testkit::organisation_key(MAKER).public_key(),
        Signature = testkit::organisation_key(MAKER).sign(&Hash([0xab; 32])),
        Address = Address::of(&testkit::validator_key(MAKER).public_key()),
        LabelTag = LabelTag([1, 2, 3, 4, 5, 6, 7, 8]),
        OrganisationId = PHARMACY,
        Height = Height(42),
        PackState = PackState::Supplied,
        Transition = Transition::Dispense,
        Role = Role::Pharmacy,
        Refusal = Refusal::Possession,
        Outcome = Outcome::Refused(Refusal::AlreadyInState),
        Windows = Windows::default(),
        MatrixRow = Matrix::eu().0[0],
        Matrix = Matrix::eu(),
        Rules = Rules::eu(),
        Location = Location { height: Height(3), batch: 1, item: 2 },
        Tip = Tip { sequence: 3, hash: Hash([4; 32]), events: 80 },
        ItemResult = ItemResult { batch: Hash([6; 32]), item: 9, outcome: Outcome::Accepted },
        MapProof = map_proof(),
    }
}

/// A map of nine packs at height 7.
pub fn map() -> Map {
    let entry = |serial: u8| (hash_of("theriac.record-key.v1", &serial), Hash([serial; 32]));
    (1..10).map(entry).chain([height_entry(Height(7))]).collect()
}

/// A proof of [`map`]: two of its packs, two that it has not, and its height.
fn map_proof() -> MapProof {
    let keys = [2u8, 5, 77, 110].map(|serial| hash_of("theriac.record-key.v1", &serial));
    map().prove(&[&keys[..], &[height_key()]].concat()).unwrap()
}

fn stop() -> Stop {
    Stop {
        key: StopKey { gtin: testkit::gtin(), lot: Some(Lot::new(LOT).unwrap()) },
        class: RecallClass::II,
        reason: "particles found".to_owned(),
        author: REGULATOR,
        issuer: MAKER,
        height: Height(4),
        time_ms: testkit::START_MS,
    }
}

fn governed() -> GovernedChange {
    let (network, effective) = (testkit::genesis().network(), Height(9));
    let organisation = testkit::organisation(OrganisationId(5), Role::Pharmacy);
    let mut change = GovernedChange::new(7, effective, GovernedAct::AdmitOrganisation { organisation });
    for governor in [MAKER, PHARMACY, REGULATOR] {
        change.approve(&network, governor, &testkit::organisation_key(governor));
    }
    change
}

fn kept() -> Governed {
    let (number, effective, included, author) = (7, Height(9), Height(4), MAKER);
    let GovernedChange { act, .. } = governed();
    Governed { number, effective, included, author, act, fate: Fate::Dropped(Refusal::Unfit) }
}

/// One of each act of governors, in the order of their codes.
fn acts() -> Vec<Sample> {
    let key = testkit::organisation_key(PHARMACY).public_key();
    type RotateKey = GovernedAct;
    type RevokeKey = GovernedAct;
    type SetOrganisation = GovernedAct;
    type SetValidators = GovernedAct;
    type SetRules = GovernedAct;
    type SetStanding = GovernedAct;
    samples! {
        SetOrganisation = GovernedAct::SetOrganisation {
            organisation: PHARMACY,
            glns: vec![testkit::site(PHARMACY)],
            company_prefixes: vec![CompanyPrefix::new("9521111").unwrap()],
            commissions_for: vec![MAKER],
        },
        RotateKey = GovernedAct::RotateKey {
            organisation: PHARMACY,
            old: Some(key),
            new: testkit::organisation_key(OrganisationId(9)).public_key(),
        },
        RevokeKey = GovernedAct::RevokeKey { organisation: PHARMACY, key },
        SetValidators = GovernedAct::SetValidators { validators: testkit::genesis().validator_set() },
        SetRules = GovernedAct::SetRules { rules: Rules { version: 2, ..Rules::eu() } },
        SetStanding = GovernedAct::SetStanding {
            organisation: PHARMACY,
            standing: OrganisationStanding::Suspended,
            reason: "licence withdrawn".to_owned(),
        },
    }
}

fn directory() -> Vec<Sample> {
    let genesis = testkit::genesis();
    let standing = DirectoryChange::SetStanding {
        organisation: PHARMACY,
        standing: OrganisationStanding::Suspended,
        reason: "licence withdrawn".to_owned(),
    };
    samples! {
        KeyEntry = KeyEntry {
            public_key: testkit::organisation_key(PHARMACY).public_key(),
            from: Height(5),
            until: Some(Height(9)),
        },
        OrganisationStanding = OrganisationStanding::Suspended,
        Organisation = Organisation {
            commissions_for: vec![MAKER],
            standing: OrganisationStanding::Suspended,
            standing_since: Height(6),
            ..genesis.organisations[0].clone()
        },
        Product = genesis.products[0].clone(),
        ProductDetails = ProductDetails {
            gtin: testkit::gtin(),
            name: "Example 5 mg tablets".to_owned(),
            form: "tablet".to_owned(),
            strength: "5 mg".to_owned(),
        },
        RecallClass = RecallClass::III,
        StopKey = stop().key,
        Stop = stop(),
        Entry = Entry::Stop(stop()),
        Approval = governed().approvals[0],
        GovernedAct = governed().act,
        GovernedChange = governed(),
        Fate = Fate::Dropped(Refusal::Unfit),
        Governed = kept(),
        GovernedEntry = Entry::Governed(kept()),
        GovernedDirectoryChange = DirectoryChange::Governed(governed()),
        DirectoryChange = standing,
        Validator = genesis.validators[0].clone(),
        ValidatorSet = genesis.validator_set(),
        Genesis = genesis.clone(),
    }
}

fn chain(story: &Story) -> Vec<Sample> {
    let network = &story.network;
    let block = &network.blocks[0].block;
    let signed = &block.batches[0];
    let update = &signed.batch.updates[0];
    let certificate = network.signed_header(Height(1)).certificate;
    samples! {
        LabelTags = update.label.unwrap(),
        StatusUpdate = network.blocks[1].block.batches[0].batch.updates[0].clone(),
        StatusRecord = network.records[&story.packs["S1"].record_key(MAKER)].clone(),
        BatchHeader = signed.batch.header.clone(),
        Batch = signed.batch.clone(),
        SignedBatch = signed.clone(),
        Item = Item::Change(testkit::recall(None)),
        BlockHeader = block.header.clone(),
        Block = block.clone(),
        CommitSignature = certificate.signatures[0],
        Certificate = certificate,
    }
}

fn proofs(story: &Story) -> Vec<Sample> {
    let network = &story.network;
    let disclosure =
        Disclosure::of(&testkit::event_salt(), &testkit::event_fields(), &BTreeSet::from([0, 2]));
    let item = network.item_receipt(Height(2), 1, 0);
    // Of no history that there was: this is about bytes.
    let handover = Handover { block: item.next.clone(), validators: testkit::genesis().validator_set() };
    let lot = Lot::new(LOT).unwrap();
    samples! {
        ShownField = disclosure.shown[1].clone(),
        Disclosure = disclosure.clone(),
        Path = item.result_path.clone(),
        SignedHeader = item.next.clone(),
        Handover = handover.clone(),
        Handovers = Handovers(vec![handover]),
        Checkpoint = Checkpoint {
            network: network.state.network,
            height: Height(5),
            block: network.state.block,
            validators: testkit::genesis().validator_set(),
        },
        Anchor = item.anchor.clone(),
        EventReceipt = network.event_receipt(Height(1), 0, 0),
        ItemReceipt = item.clone(),
        Evidence = network.evidence(&story.packs["S1"], Some(&lot)),
    }
}
