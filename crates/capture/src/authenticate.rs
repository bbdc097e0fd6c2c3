//! Is this pack genuine, and may it be dispensed?

use gs1::{ExpiryDate, Lot};
use ledger::{Directory, Hash, OrganisationId, PackIdentity, StatusRecord};
use lifecycle::{Standing, Verdict, judge};
use time::OffsetDateTime;

use crate::attempt::is_lot;

/// A pack, as far as its label was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// GTIN and serial number.
    pub pack: PackIdentity,
    /// Lot, if the label was read so far.
    pub lot: Option<Lot>,
    /// Expiry date, if the label was read so far.
    pub expiry: Option<ExpiryDate>,
}

impl Subject {
    /// The key under which the directory says the pack's record is; none for an unknown product.
    pub fn record_key(&self, directory: &Directory) -> Option<Hash> {
        let owner = directory.product(&self.pack.gtin)?.owner;
        Some(self.pack.record_key(owner))
    }
}

/// What is known of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The verdict.
    pub verdict: Verdict,
    /// Owner of the product, in whose space the record lives.
    pub issuer: Option<OrganisationId>,
}

/// Judges a pack from the directory, its record (looked up under [`Subject::record_key`]) and its label.
/// `now_ms` is the time, in milliseconds since 1970 UTC; a pack may be dispensed on its last day.
pub fn authenticate(
    directory: &Directory,
    subject: &Subject,
    record: Option<&StatusRecord>,
    now_ms: u64,
) -> Answer {
    let (pack, gtin) = (&subject.pack, &subject.pack.gtin);
    let issuer = directory.product(gtin).map(|product| product.owner);
    let recalled = record.is_some_and(|record| {
        let mut lots = directory.recalls_of(gtin).filter_map(|stop| stop.key.lot.as_ref());
        lots.any(|lot| is_lot(pack, record, lot))
    });
    let standing = Standing {
        product_known: issuer.is_some(),
        withdrawn: directory.withdrawal(gtin).is_some(),
        recalled,
        state: record.map(|record| record.state),
    };
    let label = lifecycle::Label {
        lot_matches: record.zip(subject.lot.as_ref()).map(|(record, lot)| is_lot(pack, record, lot)),
        expiry_matches: record
            .zip(subject.expiry.as_ref())
            .map(|(record, expiry)| pack.expiry_tag(expiry) == record.label.expiry),
        expired: subject.expiry.as_ref().is_some_and(|expiry| is_past(expiry, now_ms)),
    };
    Answer { verdict: judge(&standing, &label), issuer }
}

fn is_past(expiry: &ExpiryDate, now_ms: u64) -> bool {
    let seconds = i64::try_from(now_ms / 1000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).is_ok_and(|now| expiry.is_past(now.date()))
}
