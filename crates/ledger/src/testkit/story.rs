//! A short history that has one of everything.

use std::collections::BTreeMap;

use gs1::{ExpiryDate, Lot};
use lifecycle::Transition;

use super::{DISTRIBUTOR, MAKER, Network, PHARMACY, genesis, gtin, pack, site};
use crate::commitment::{Salt, commit};
use crate::directory::RecallClass;
use crate::status::LabelTags;
use crate::{DirectoryChange, Hash, OrganisationId, PackIdentity, StatusUpdate};

/// The lot that is recalled.
pub const LOT: &str = "A123";
/// A lot that is not.
pub const OTHER_LOT: &str = "B456";

/// A commission by the maker.
pub fn commission(network: &Network, pack: &PackIdentity, lot: &str) -> StatusUpdate {
    StatusUpdate {
        record_key: pack.record_key(MAKER),
        issuer: MAKER,
        transition: Transition::Commission,
        version: 0,
        opening: None,
        next_lock: pack.lock(0),
        site_tag: None,
        site_time_ms: network.state.time_ms,
        checked: network.state.height,
        event: 0,
        label: Some(LabelTags {
            lot: pack.lot_tag(&Lot::new(lot).unwrap()),
            expiry: pack.expiry_tag(&ExpiryDate::new("280300", 2026).unwrap()),
        }),
        plain: false,
    }
}

/// A change of a pack at `version` by whoever holds it, at the site of organisation `at`. An undo names the site
/// as the change before it did.
pub fn change(
    network: &Network,
    pack: &PackIdentity,
    transition: Transition,
    version: u32,
    at: OrganisationId,
) -> StatusUpdate {
    let undo = transition == Transition::Undo;
    let tagged = if undo { version.saturating_sub(1) } else { version };
    StatusUpdate {
        transition,
        version,
        opening: Some(pack.opening(version)),
        next_lock: pack.lock(version + 1),
        site_tag: Some(pack.site_tag(tagged, &site(at))),
        label: None,
        ..commission(network, pack, LOT)
    }
}

/// Recall of a lot of the product, or its withdrawal.
pub fn recall(lot: Option<&str>) -> DirectoryChange {
    DirectoryChange::Stop {
        gtin: gtin(),
        lot: lot.map(|text| Lot::new(text).unwrap()),
        class: RecallClass::I,
        reason: "particles found".to_owned(),
    }
}

/// Fields of the story's first event, as a capturing service would order them.
pub fn event_fields() -> Vec<(String, String)> {
    let fields = [
        ("eventTime", "2025-06-15T15:06:40Z"),
        ("eventTimeZoneOffset", "+00:00"),
        ("epcList/0", "01/09521568251204/21/S1"),
        ("bizStep", "commissioning"),
        ("ilmd/lotNumber", LOT),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Salt of the story's first event.
pub fn event_salt() -> Salt {
    Salt([5; 32])
}

/// The chain after the history, and where things stand in it.
///
/// Block 1: the maker commissions S1 and S2 (lot A123) and S3 (lot B456) with five events, the first of them
/// [`event_fields`]; the distributor anchors an event. Block 2: the pharmacy dispenses S1; the distributor tries
/// the same, is refused, and locks S2. Block 3: the pharmacy takes the dispense back. Block 4: the maker recalls
/// lot A123. Block 5 is empty.
#[derive(Debug, Clone)]
pub struct Story {
    /// The chain.
    pub network: Network,
    /// The packs, by serial number.
    pub packs: BTreeMap<&'static str, PackIdentity>,
}

/// Tells the story.
pub fn story() -> Story {
    let mut network = Network::of(genesis());
    let packs: BTreeMap<_, _> = ["S1", "S2", "S3"].map(|serial| (serial, pack(serial))).into();
    let (first, second, third) = (&packs["S1"], &packs["S2"], &packs["S3"]);

    let mut events = vec![commit(&event_salt(), &event_fields())];
    events.extend((1..5).map(|number| Hash([number; 32])));
    let commissions = vec![
        commission(&network, first, LOT),
        commission(&network, second, LOT),
        commission(&network, third, OTHER_LOT),
    ];
    let made = network.batch(MAKER, &events, Vec::new(), commissions);
    let received = network.batch(DISTRIBUTOR, &[Hash([0x77; 32])], Vec::new(), Vec::new());
    network.decide(vec![made, received]);

    let dispense = change(&network, first, Transition::Dispense, 0, PHARMACY);
    let sold = network.batch(PHARMACY, &[Hash([0x33; 32])], Vec::new(), vec![dispense]);
    let tried = vec![
        change(&network, first, Transition::Dispense, 0, DISTRIBUTOR),
        change(&network, second, Transition::Lock, 0, DISTRIBUTOR),
    ];
    let tried = network.batch(DISTRIBUTOR, &[Hash([0x22; 32]); 2], Vec::new(), tried);
    network.decide(vec![sold, tried]);

    let undo = change(&network, first, Transition::Undo, 1, PHARMACY);
    let undone = network.batch(PHARMACY, &[Hash([0x34; 32])], Vec::new(), vec![undo]);
    network.decide(vec![undone]);

    let recalled = network.batch(MAKER, &[], vec![recall(Some(LOT))], Vec::new());
    network.decide(vec![recalled]);
    network.decide(Vec::new());
    Story { network, packs }
}
