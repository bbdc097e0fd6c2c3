//! Evidence about one pack: the receipts of its changes and of what stops it, as of a height.
//!
//! Until the status map exists, evidence is this chain of receipts. It proves that each change happened and
//! what it came to; it does not prove that there was no later one, nor that there is no further recall.

use gs1::{Gtin, Lot, SerialNumber};
use lifecycle::{PackState, Transition};
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::limits::EVIDENCE_RECEIPTS_MAX;
use crate::receipt::{Broken, ItemReceipt, SignedHeader, Trust, VERSION};
use crate::{Directory, DirectoryChange, Height, Item, OrganisationId, Outcome, PackIdentity, StatusUpdate};

/// Evidence about one pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The pack's trade item number.
    pub gtin: Gtin,
    /// Its serial number.
    pub serial: SerialNumber,
    /// In whose space its record lives: the owner of the product.
    pub issuer: OrganisationId,
    /// The lot on its label, where known: only with it can a recall of that lot be tied to the pack. It is
    /// checked against the tag that the pack was commissioned with.
    pub lot: Option<Lot>,
    /// Its accepted changes, in the ledger's order, commission first.
    pub changes: Vec<ItemReceipt>,
    /// Recalls of its lot and the withdrawal of its product.
    pub stops: Vec<ItemReceipt>,
    /// The last block that the service knew.
    pub head: SignedHeader,
}

/// What evidence proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// State of the pack after the changes shown.
    pub state: PackState,
    /// How many changes there are.
    pub changes: u32,
    /// Whether a recall or withdrawal shown stops it.
    pub stopped: bool,
    /// As of which height.
    pub height: Height,
    /// As of which time, in milliseconds since 1970 UTC.
    pub time_ms: u64,
    /// What was checked, a line each, for people.
    pub checks: Vec<String>,
}

impl Evidence {
    /// Checks the whole chain. `directory` is a trusted one, such as the genesis's: it names the product's
    /// owner, because anybody may commission anything in a space of his own.
    ///
    /// # Errors
    /// [`Broken`] naming the link.
    pub fn verify(&self, trust: Trust<'_>, directory: &Directory) -> Result<Proven, Broken> {
        self.check_issuer(directory)?;
        let pack = PackIdentity { gtin: self.gtin, serial: self.serial.clone() };
        let key = pack.record_key(self.issuer);
        let mut checks = vec![
            format!("organisation {} owns product {}", self.issuer, self.gtin),
            format!("record key {key} is the one of this GTIN and serial number"),
        ];
        let mut walk = Walk::default();
        for receipt in &self.changes {
            let Item::Update(update) = &receipt.item else {
                return Err(Broken::Mismatch("a change of the pack is no status update"));
            };
            if update.record_key != key || update.issuer != self.issuer {
                return Err(Broken::Mismatch("a change is of another pack"));
            }
            receipt.verify(trust)?;
            walk.step(&pack, update, receipt)?;
            checks.push(line(update.transition.as_str(), receipt));
            self.check_lot(&pack, update, &mut checks)?;
        }
        let Some(state) = walk.state else {
            return Err(Broken::Mismatch("the evidence shows no commission"));
        };
        for receipt in &self.stops {
            let what = self.verify_stop(receipt, trust)?;
            walk.height = walk.height.max(receipt.anchor.block.header.height);
            checks.push(line(&what, receipt));
        }
        self.head.verify(trust)?;
        let head = &self.head.header;
        if walk.height > head.height {
            return Err(Broken::Mismatch("a change is later than the head"));
        }
        checks.push(format!("head: block {} {}, decided", head.height, head.hash()));
        Ok(Proven {
            state,
            changes: self.changes.len() as u32,
            stopped: !self.stops.is_empty(),
            height: head.height,
            time_ms: head.time_ms,
            checks,
        })
    }

    /// Products are registered by whoever owns the GTIN's company prefix, so the prefix decides where the
    /// trusted directory is older than the product.
    fn check_issuer(&self, directory: &Directory) -> Result<(), Broken> {
        let registered = directory.product(&self.gtin).map(|product| product.owner);
        if registered.or_else(|| directory.prefix_owner(&self.gtin)) == Some(self.issuer) {
            Ok(())
        } else {
            Err(Broken::Mismatch("the issuer does not own the product"))
        }
    }

    /// What the commission says of the label binds the lot to the pack.
    fn check_lot(
        &self,
        pack: &PackIdentity,
        update: &StatusUpdate,
        checks: &mut Vec<String>,
    ) -> Result<(), Broken> {
        let Some(lot) = self.lot.as_ref().filter(|_| update.transition == Transition::Commission) else {
            return Ok(());
        };
        if update.label.map(|label| label.lot) != Some(pack.lot_tag(lot)) {
            return Err(Broken::Mismatch("the pack was commissioned with another lot"));
        }
        checks.push(format!("lot {lot} is the one the pack was commissioned with"));
        Ok(())
    }

    fn verify_stop(&self, receipt: &ItemReceipt, trust: Trust<'_>) -> Result<String, Broken> {
        let Item::Change(DirectoryChange::Stop { gtin, lot, .. }) = &receipt.item else {
            return Err(Broken::Mismatch("a stop is no recall or withdrawal"));
        };
        let fits = *gtin == self.gtin && lot.as_ref().is_none_or(|lot| Some(lot) == self.lot.as_ref());
        if !fits || receipt.outcome != Outcome::Accepted {
            return Err(Broken::Mismatch("a stop does not concern this pack"));
        }
        receipt.verify(trust)?;
        Ok(match lot {
            Some(lot) => format!("recall of lot {lot}"),
            None => "withdrawal of the product".to_owned(),
        })
    }
}

fn line(what: &str, receipt: &ItemReceipt) -> String {
    let block = &receipt.anchor.block.header;
    format!(
        "{what} by organisation {} in batch {}, block {}, accepted: result in block {}",
        receipt.anchor.batch.author, receipt.anchor.batch.sequence, block.height, receipt.next.header.height
    )
}

/// Follows a pack from change to change.
#[derive(Default)]
struct Walk {
    state: Option<PackState>,
    version: u32,
    height: Height,
}

impl Walk {
    fn step(
        &mut self,
        pack: &PackIdentity,
        update: &StatusUpdate,
        receipt: &ItemReceipt,
    ) -> Result<(), Broken> {
        if receipt.outcome != Outcome::Accepted {
            return Err(Broken::Mismatch("a change was refused"));
        }
        if receipt.anchor.block.header.height < self.height {
            return Err(Broken::Mismatch("the changes are out of order"));
        }
        let commission = update.transition == Transition::Commission;
        let version = if commission { 0 } else { self.version + 1 };
        if commission != self.state.is_none() || !commission && update.version != self.version {
            return Err(Broken::Mismatch("a change is missing"));
        }
        if update.next_lock != pack.lock(version) {
            return Err(Broken::Mismatch("a change locks another pack"));
        }
        self.state = Some(state_after(update.transition));
        self.version = version;
        self.height = receipt.anchor.block.header.height;
        Ok(())
    }
}

fn state_after(transition: Transition) -> PackState {
    match transition {
        Transition::Commission | Transition::Unlock | Transition::Undo => PackState::Active,
        Transition::Dispense => PackState::Supplied,
        Transition::Sample => PackState::Sample,
        Transition::FreeSample => PackState::FreeSample,
        Transition::Export => PackState::Exported,
        Transition::Destroy => PackState::Destroyed,
        Transition::ReportStolen => PackState::Stolen,
        Transition::Lock => PackState::Locked,
        Transition::CheckOut => PackState::CheckedOut,
    }
}

impl Canonical for Evidence {
    fn write(&self, to: &mut Writer) {
        VERSION.write(to);
        self.gtin.write(to);
        to.var(self.serial.as_str().as_bytes());
        self.issuer.write(to);
        self.lot.write(to);
        to.list(&self.changes);
        to.list(&self.stops);
        self.head.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if u8::read(from)? != VERSION {
            return Err(DecodeError::Invalid { what: "evidence version" });
        }
        let gtin = Gtin::read(from)?;
        let serial = String::read(from)?;
        Ok(Evidence {
            gtin,
            serial: SerialNumber::new(&serial).map_err(|_| DecodeError::Invalid { what: "serial number" })?,
            issuer: OrganisationId::read(from)?,
            lot: Option::read(from)?,
            changes: from.list("changes", EVIDENCE_RECEIPTS_MAX)?,
            stops: from.list("stops", EVIDENCE_RECEIPTS_MAX)?,
            head: SignedHeader::read(from)?,
        })
    }
}
