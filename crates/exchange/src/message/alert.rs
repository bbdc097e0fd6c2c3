//! An alert on its way to the organisation that has to know.

use gs1::{Gln, Gtin, Lot, SerialNumber};
use ledger::Hash;
use ledger::codec::{Canonical, DecodeError, Reader, Writer};
use lifecycle::AlertLevel;

use crate::limits::{CODE_BYTES_MAX, DETAIL_BYTES_MAX, SERIAL_BYTES_MAX};
use crate::wire::{self, MessageError};

/// EMVS alert levels 1 to 4 stay at the site, level 5 is a potential falsification.
const EXCEPTION: u8 = 1;
const POTENTIAL_FALSIFICATION: u8 = 5;

/// Something happened to a pack at a site: a second dispense, a label that does not match. It names the pack in
/// clear and so goes only to the product's owner and the authority, never onto the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Drawn by the sender; a second delivery with the same id is the same alert.
    pub id: [u8; 16],
    /// What happened: a code of the EU hub ([`lifecycle::AlertCode`]) or one of a later release, at most 64 bytes.
    pub code: String,
    /// How grave it is.
    pub level: AlertLevel,
    /// When it was raised, in milliseconds since 1970-01-01T00:00:00Z.
    pub raised_at: u64,
    /// The pack's record on the ledger, whether it exists or not.
    pub record_key: Hash,
    /// What the label says (AI 01).
    pub gtin: Gtin,
    /// What the label says (AI 21).
    pub serial: SerialNumber,
    /// What the label says (AI 10), where it was read.
    pub lot: Option<Lot>,
    /// Where it happened.
    pub site_gln: Gln,
    /// For a person, at most 1,024 bytes.
    pub detail: String,
}

impl Alert {
    pub(super) fn write(&self, writer: &mut Writer) -> Result<(), MessageError> {
        self.id.write(writer);
        wire::put(writer, "code", self.code.as_bytes(), CODE_BYTES_MAX)?;
        match self.level {
            AlertLevel::Exception => EXCEPTION.write(writer),
            AlertLevel::PotentialFalsification => POTENTIAL_FALSIFICATION.write(writer),
        }
        self.raised_at.write(writer);
        self.record_key.write(writer);
        self.gtin.write(writer);
        wire::put(writer, "serial", self.serial.as_str().as_bytes(), SERIAL_BYTES_MAX)?;
        self.lot.write(writer);
        self.site_gln.write(writer);
        wire::put(writer, "detail", self.detail.as_bytes(), DETAIL_BYTES_MAX)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, MessageError> {
        Ok(Self {
            id: reader.array()?,
            code: wire::text(reader, "code", CODE_BYTES_MAX)?,
            level: match u8::read(reader)? {
                EXCEPTION => AlertLevel::Exception,
                POTENTIAL_FALSIFICATION => AlertLevel::PotentialFalsification,
                _ => return Err(DecodeError::Invalid { what: "alert level" }.into()),
            },
            raised_at: u64::read(reader)?,
            record_key: Hash::read(reader)?,
            gtin: Gtin::read(reader)?,
            serial: SerialNumber::new(&wire::text(reader, "serial", SERIAL_BYTES_MAX)?)
                .map_err(|_| DecodeError::Invalid { what: "serial number" })?,
            lot: Option::read(reader)?,
            site_gln: Gln::read(reader)?,
            detail: wire::text(reader, "detail", DETAIL_BYTES_MAX)?,
        })
    }
}
