//! One entry of the directory, as stored and as a leaf under its root.

use super::{Governed, Organisation, Product, Stop};
use crate::codec::{Canonical, DecodeError, Reader, Writer};
use crate::{Rules, ValidatorSet};

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// An organisation.
    Organisation(Organisation),
    /// A product.
    Product(Product),
    /// A recall or withdrawal.
    Stop(Stop),
    /// The rules.
    Rules(Rules),
    /// The validators.
    Validators(ValidatorSet),
    /// A change that governors made, or will at its height.
    Governed(Governed),
}

/// Kind of an entry; with [`Entry::key`] it names the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum EntryKind {
    /// [`Entry::Organisation`]
    Organisation = 1,
    /// [`Entry::Product`]
    Product = 2,
    /// [`Entry::Stop`]
    Stop = 3,
    /// [`Entry::Rules`]
    Rules = 4,
    /// [`Entry::Validators`]
    Validators = 5,
    /// [`Entry::Governed`]
    Governed = 6,
}

impl Entry {
    /// Its kind.
    pub fn kind(&self) -> EntryKind {
        match self {
            Entry::Organisation(_) => EntryKind::Organisation,
            Entry::Product(_) => EntryKind::Product,
            Entry::Stop(_) => EntryKind::Stop,
            Entry::Rules(_) => EntryKind::Rules,
            Entry::Validators(_) => EntryKind::Validators,
            Entry::Governed(_) => EntryKind::Governed,
        }
    }

    /// What tells it from others of its kind; empty where there is but one.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Entry::Organisation(organisation) => organisation.id.to_bytes(),
            Entry::Product(product) => product.gtin.to_bytes(),
            Entry::Stop(stop) => stop.key.to_bytes(),
            Entry::Rules(_) | Entry::Validators(_) => Vec::new(),
            Entry::Governed(governed) => governed.number.to_bytes(),
        }
    }
}

impl Canonical for Entry {
    fn write(&self, to: &mut Writer) {
        (self.kind() as u8).write(to);
        match self {
            Entry::Organisation(organisation) => organisation.write(to),
            Entry::Product(product) => product.write(to),
            Entry::Stop(stop) => stop.write(to),
            Entry::Rules(rules) => rules.write(to),
            Entry::Validators(validators) => validators.write(to),
            Entry::Governed(governed) => governed.write(to),
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(from)? {
            1 => Entry::Organisation(Organisation::read(from)?),
            2 => Entry::Product(Product::read(from)?),
            3 => Entry::Stop(Stop::read(from)?),
            4 => Entry::Rules(Rules::read(from)?),
            5 => Entry::Validators(ValidatorSet::read(from)?),
            6 => Entry::Governed(Governed::read(from)?),
            _ => {
                return Err(DecodeError::Invalid { what: "kind of directory entry" });
            }
        })
    }
}
