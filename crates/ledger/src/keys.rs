//! What the ledger calls a pack, and how whoever holds its label proves it.
//!
//! Serial numbers are often guessable, so nothing on the ledger is derived from them in the open except
//! hashes bound to their issuer, and a key read off the ledger changes nothing: a change reveals an opening
//! that only the label gives.

use gs1::{ExpiryDate, Gln, Gtin, Lot, SerialNumber};

use crate::hash::TaggedHasher;
use crate::{OrganisationId, tags};

/// First eight bytes of a label hash: enough to tell a wrong lot or date from the right one, and no more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelTag(pub [u8; 8]);
crate::codec::hex_newtype!(LabelTag, 8);

/// A pack as its label names it. From it come all of the ledger's names for the pack.
///
/// Its `Debug` shows nothing: a serial number does not belong in a log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackIdentity {
    /// Trade item number.
    pub gtin: Gtin,
    /// Serial number.
    pub serial: SerialNumber,
}

impl std::fmt::Debug for PackIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PackIdentity(..)")
    }
}

impl PackIdentity {
    fn hasher(&self, tag: &str) -> TaggedHasher {
        TaggedHasher::new(tag).fixed(self.gtin.as_str().as_bytes()).var(self.serial.as_str().as_bytes())
    }

    /// Key of the pack's record in its issuer's space.
    pub fn record_key(&self, issuer: OrganisationId) -> crate::Hash {
        let pack = self.hasher(tags::PACK).finish();
        TaggedHasher::new(tags::RECORD_KEY).fixed(&issuer.0.to_be_bytes()).fixed(&pack.0).finish()
    }

    /// What shows possession of the pack when its record is at `version`.
    pub fn opening(&self, version: u32) -> crate::Hash {
        self.hasher(tags::OPENING).fixed(&version.to_be_bytes()).finish()
    }

    /// The lock that [`Self::opening`] of the same version opens.
    pub fn lock(&self, version: u32) -> crate::Hash {
        lock_of(&self.opening(version))
    }

    /// Tag of the lot on the label.
    pub fn lot_tag(&self, lot: &Lot) -> LabelTag {
        first_eight(self.hasher(tags::LOT).var(lot.as_str().as_bytes()).finish())
    }

    /// Tag of the expiry on the label, by its resolved date (day 00 is the month's last day).
    pub fn expiry_tag(&self, expiry: &ExpiryDate) -> LabelTag {
        let date = expiry.resolved();
        let year = date.year().to_be_bytes();
        let day = [u8::from(date.month()), date.day()];
        first_eight(self.hasher(tags::EXPIRY).fixed(&year).fixed(&day).finish())
    }

    /// Tag of the site that makes a change at `version`; an undo repeats it.
    pub fn site_tag(&self, version: u32, site: &Gln) -> crate::Hash {
        let next = self.opening(version.saturating_add(1));
        TaggedHasher::new(tags::SITE).fixed(&next.0).fixed(site.as_str().as_bytes()).finish()
    }
}

/// The lock that an opening opens.
pub fn lock_of(opening: &crate::Hash) -> crate::Hash {
    TaggedHasher::new(tags::LOCK).fixed(&opening.0).finish()
}

fn first_eight(hash: crate::Hash) -> LabelTag {
    let mut tag = [0; 8];
    tag.copy_from_slice(&hash.0[..8]);
    LabelTag(tag)
}
