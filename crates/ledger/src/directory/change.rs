//! Changes to the directory, and those that one organisation may make alone.

use gs1::{Gtin, Lot};
use lifecycle::{Refusal, Role};
use serde::{Deserialize, Serialize};

use super::{Directory, Entry, GovernedChange, OrganisationId, OrganisationStanding, Product, Stop, StopKey};
use crate::Height;
use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};

/// How grave the reason of a recall is.
///
/// Source: 21 CFR 7.3(m); the EU's classes 1 to 3 (Compilation of Union Procedures) mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecallClass {
    /// Serious harm or death is probable.
    I,
    /// Harm is temporary or reversible, or serious harm is remote.
    II,
    /// Harm is unlikely.
    III,
}

impl Canonical for RecallClass {
    fn write(&self, to: &mut Writer) {
        (*self as u8 + 1).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::read(from)? {
            1 => Ok(RecallClass::I),
            2 => Ok(RecallClass::II),
            3 => Ok(RecallClass::III),
            _ => Err(DecodeError::Invalid { what: "recall class" }),
        }
    }
}

/// What a product is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetails {
    /// Its number.
    pub gtin: Gtin,
    /// Name with strength and form, as on the pack.
    pub name: String,
    /// Dosage form.
    pub form: String,
    /// Strength.
    pub strength: String,
}
canonical_struct!(ProductDetails { gtin, name, form, strength });

/// A change to the directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum DirectoryChange {
    /// Register a product under one of the author's company prefixes.
    RegisterProduct(ProductDetails),
    /// Recall a lot (`lot` given) or withdraw a product (none): by its owner, or by a regulator in its stead.
    Stop {
        /// The product.
        gtin: Gtin,
        /// The lot; none withdraws the product.
        lot: Option<Lot>,
        /// How grave the reason is.
        class: RecallClass,
        /// Why.
        reason: String,
    },
    /// Suspend or reinstate an organisation: by a regulator.
    SetStanding {
        /// Which.
        organisation: OrganisationId,
        /// Its standing from this block on.
        standing: OrganisationStanding,
        /// Why.
        reason: String,
    },
    /// A change by a quorum of governors, whoever carries it.
    Governed(GovernedChange),
}

impl Canonical for DirectoryChange {
    fn write(&self, to: &mut Writer) {
        match self {
            DirectoryChange::RegisterProduct(details) => {
                1u8.write(to);
                details.write(to);
            }
            DirectoryChange::Stop { gtin, lot, class, reason } => {
                2u8.write(to);
                gtin.write(to);
                lot.write(to);
                class.write(to);
                reason.write(to);
            }
            DirectoryChange::SetStanding { organisation, standing, reason } => {
                3u8.write(to);
                organisation.write(to);
                standing.write(to);
                reason.write(to);
            }
            DirectoryChange::Governed(change) => {
                4u8.write(to);
                change.write(to);
            }
        }
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::read(from)? {
            1 => DirectoryChange::RegisterProduct(ProductDetails::read(from)?),
            2 => DirectoryChange::Stop {
                gtin: Gtin::read(from)?,
                lot: Option::read(from)?,
                class: RecallClass::read(from)?,
                reason: String::read(from)?,
            },
            3 => DirectoryChange::SetStanding {
                organisation: OrganisationId::read(from)?,
                standing: OrganisationStanding::read(from)?,
                reason: String::read(from)?,
            },
            4 => DirectoryChange::Governed(GovernedChange::read(from)?),
            _ => {
                return Err(DecodeError::Invalid { what: "kind of directory change" });
            }
        })
    }
}

pub(super) fn admit(
    directory: &Directory,
    author: OrganisationId,
    change: &DirectoryChange,
    height: Height,
    time_ms: u64,
) -> Result<Entry, Refusal> {
    let role = directory.organisation(author).ok_or(Refusal::UnknownOrganisation)?.role;
    match change {
        DirectoryChange::RegisterProduct(details) => register(directory, author, details, height),
        DirectoryChange::Stop { gtin, lot, class, reason } => {
            let product = directory.product(gtin).ok_or(Refusal::UnknownProduct)?;
            if product.owner != author && role != Role::Regulator {
                return Err(Refusal::NotOwner);
            }
            let key = StopKey { gtin: *gtin, lot: lot.clone() };
            if directory.stops.contains_key(&key) {
                return Err(Refusal::AlreadyStopped);
            }
            let (class, reason, issuer) = (*class, reason.clone(), product.owner);
            Ok(Entry::Stop(Stop { key, class, reason, author, issuer, height, time_ms }))
        }
        DirectoryChange::SetStanding { organisation, standing, .. } => {
            if role != Role::Regulator || *organisation == author {
                return Err(Refusal::Role);
            }
            let mut changed =
                directory.organisation(*organisation).ok_or(Refusal::UnknownOrganisation)?.clone();
            if changed.standing == *standing {
                return Err(Refusal::AlreadyInState);
            }
            changed.standing = *standing;
            changed.standing_since = height;
            Ok(Entry::Organisation(changed))
        }
        DirectoryChange::Governed(_) => Err(Refusal::Quorum),
    }
}

fn register(
    directory: &Directory,
    author: OrganisationId,
    details: &ProductDetails,
    height: Height,
) -> Result<Entry, Refusal> {
    if directory.prefix_owner(&details.gtin) != Some(author) {
        return Err(Refusal::NotOwner);
    }
    if directory.product(&details.gtin).is_some() {
        return Err(Refusal::AlreadyRegistered);
    }
    let ProductDetails { gtin, name, form, strength } = details.clone();
    Ok(Entry::Product(Product { gtin, owner: author, name, form, strength, registered: height }))
}
