//! Status updates, and the records they change.

use lifecycle::{PackState, Transition};
use serde::{Deserialize, Serialize};

use crate::codec::canonical_struct;
use crate::keys::LabelTag;
use crate::{Hash, Height, OrganisationId};

/// What the label of a commissioned pack says beside GTIN and serial number, as tags that only who has the
/// label can compute ([`crate::PackIdentity::lot_tag`], [`crate::PackIdentity::expiry_tag`]).
///
/// Lot and expiry have a tag each, so that a wrong lot and a wrong date are told apart. Executors keep the tags
/// and cannot judge them; a site compares them with a scanned label, and evidence with the lot it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelTags {
    /// Of the lot.
    pub lot: LabelTag,
    /// Of the expiry date.
    pub expiry: LabelTag,
}
canonical_struct!(LabelTags { lot, expiry });

/// What everyone must know of one change to one pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusUpdate {
    /// The pack's record.
    pub record_key: Hash,
    /// In whose space the record lives.
    pub issuer: OrganisationId,
    /// What is done.
    pub transition: Transition,
    /// Version of the record that the author saw; 0 for a commission.
    pub version: u32,
    /// Shows that the author holds the pack's label; not needed from the issuer.
    pub opening: Option<Hash>,
    /// Locks the record's next version.
    pub next_lock: Hash,
    /// Where it happened, blinded; none for a commission.
    pub site_tag: Option<Hash>,
    /// When it happened by the site's clock, in milliseconds since 1970 UTC.
    pub site_time_ms: u64,
    /// Height up to which the site knew recalls, withdrawals and standing.
    pub checked: Height,
    /// The causing event: its number among all leaves of the author's batches.
    pub event: u64,
    /// What the label says; given when commissioning, and only then.
    pub label: Option<LabelTags>,
    /// Whether the serial number was made elsewhere and may be guessable.
    pub plain: bool,
}
canonical_struct!(StatusUpdate {
    record_key,
    issuer,
    transition,
    version,
    opening,
    next_lock,
    site_tag,
    site_time_ms,
    checked,
    event,
    label,
    plain,
});

/// Where an item stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Location {
    /// The block.
    pub height: Height,
    /// The batch in the block, from 0.
    pub batch: u32,
    /// The item in the batch, from 0: directory changes first, then status updates.
    pub item: u32,
}
canonical_struct!(Location { height, batch, item });

/// What the ledger knows of one pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// Who commissioned it.
    pub issuer: OrganisationId,
    /// Its state.
    pub state: PackState,
    /// How often it changed since it was commissioned.
    pub version: u32,
    /// Opens with the label of the pack and this version.
    pub lock: Hash,
    /// What its label says.
    pub label: LabelTags,
    /// Where its last change happened, blinded.
    pub site_tag: Option<Hash>,
    /// Who made its last change.
    pub author: OrganisationId,
    /// When its last change happened by the site's clock, in milliseconds since 1970 UTC.
    pub site_time_ms: u64,
    /// Time of the block with its last change, in milliseconds since 1970 UTC.
    pub block_time_ms: u64,
    /// Where it was commissioned.
    pub commissioned: Location,
    /// Where its last change stands.
    pub changed: Location,
    /// Whether its serial number was made elsewhere and may be guessable.
    pub plain: bool,
}
canonical_struct!(StatusRecord {
    issuer,
    state,
    version,
    lock,
    label,
    site_tag,
    author,
    site_time_ms,
    block_time_ms,
    commissioned,
    changed,
    plain,
});
