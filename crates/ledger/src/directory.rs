//! The directory: who takes part, which products exist, what is recalled or withdrawn, who votes, which rules
//! hold. Public to all members, agreed on by all, hashed into every block header.

use std::collections::BTreeMap;

use gs1::{CompanyPrefix, Gln, Gtin, Lot};
use lifecycle::{Refusal, Role};
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, DecodeError, Reader, Writer, canonical_struct};
use crate::limits::ORGANISATION_LIST_MAX;
use crate::merkle::Tree;
use crate::{Hash, Height, PublicKey, Rules, ValidatorSet};

mod change;
mod entry;

pub use change::{DirectoryChange, ProductDetails, RecallClass};
pub use entry::{Entry, EntryKind};

/// Number of an organisation in the directory, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganisationId(pub u32);

impl Canonical for OrganisationId {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(OrganisationId(u32::read(from)?))
    }
}

impl std::fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A key that signs an organisation's batches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// The key.
    pub public_key: PublicKey,
    /// First height at which it may sign.
    pub from: Height,
    /// First height at which it no longer may.
    pub until: Option<Height>,
}
canonical_struct!(KeyEntry { public_key, from, until });

/// Whether an organisation may take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStanding {
    /// It may.
    Good,
    /// Its batches are not includable.
    Suspended,
}

/// A trading partner or authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its number.
    pub id: OrganisationId,
    /// Its name.
    pub name: String,
    /// Its part in the supply chain.
    pub role: Role,
    /// Its sites, legal entity first.
    pub glns: Vec<Gln>,
    /// Its GS1 company prefixes: it may register products under them.
    pub company_prefixes: Vec<CompanyPrefix>,
    /// Keys that sign its batches.
    pub keys: Vec<KeyEntry>,
    /// For whom it may commission, besides itself.
    #[serde(default)]
    pub commissions_for: Vec<OrganisationId>,
    /// Whether it may take part, and since when.
    pub standing: OrganisationStanding,
    /// Height at which the standing was last set; 0: at genesis.
    pub standing_since: Height,
}

impl Organisation {
    /// Whether `key` may sign a batch in the block at `height`.
    pub fn has_key(&self, key: &PublicKey, height: Height) -> bool {
        self.keys.iter().any(|entry| {
            entry.public_key == *key && entry.from <= height && entry.until.is_none_or(|until| height < until)
        })
    }

    /// Keys that may sign a batch in the block at `height`.
    pub fn keys_at(&self, height: Height) -> impl Iterator<Item = &PublicKey> {
        self.keys
            .iter()
            .filter(move |entry| entry.from <= height && entry.until.is_none_or(|until| height < until))
            .map(|entry| &entry.public_key)
    }
}

/// A trade item that packs are commissioned of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its number.
    pub gtin: Gtin,
    /// In whose space its packs' records live.
    pub owner: OrganisationId,
    /// Name with strength and form, as on the pack.
    pub name: String,
    /// Dosage form.
    pub form: String,
    /// Strength.
    pub strength: String,
    /// Height at which it was registered; 0: at genesis.
    pub registered: Height,
}
canonical_struct!(Product { gtin, owner, name, form, strength, registered });

/// What a stop stops.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StopKey {
    /// The product.
    pub gtin: Gtin,
    /// The lot that is recalled; none: all of the product, which is withdrawn.
    pub lot: Option<Lot>,
}
canonical_struct!(StopKey { gtin, lot });

/// A recall of a lot, or the withdrawal of a product. Never taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// What is stopped.
    pub key: StopKey,
    /// How grave the reason is.
    pub class: RecallClass,
    /// Why, in words for those who hold the product.
    pub reason: String,
    /// Who decided it.
    pub author: OrganisationId,
    /// Owner of the product.
    pub issuer: OrganisationId,
    /// Height of the block from which on it holds.
    pub height: Height,
    /// Time of that block, in milliseconds since 1970 UTC.
    pub time_ms: u64,
}
canonical_struct!(Stop { key, class, reason, author, issuer, height, time_ms });

/// The directory at one height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directory {
    organisations: BTreeMap<OrganisationId, Organisation>,
    products: BTreeMap<Gtin, Product>,
    stops: BTreeMap<StopKey, Stop>,
    validators: ValidatorSet,
    rules: Rules,
    /// Derived: which organisation a site belongs to.
    sites: BTreeMap<Gln, OrganisationId>,
    /// Derived: height of the last recall or withdrawal of an issuer's products.
    last_stop: BTreeMap<OrganisationId, Height>,
}

impl Directory {
    /// A directory of these entries, in any order; later ones replace earlier ones of the same key.
    pub fn of(entries: impl IntoIterator<Item = Entry>, rules: Rules, validators: ValidatorSet) -> Self {
        let mut directory = Directory {
            organisations: BTreeMap::new(),
            products: BTreeMap::new(),
            stops: BTreeMap::new(),
            validators,
            rules,
            sites: BTreeMap::new(),
            last_stop: BTreeMap::new(),
        };
        entries.into_iter().for_each(|entry| directory.put(entry));
        directory
    }

    /// Adds or replaces one entry: how readers follow the changes that executors report.
    pub fn put(&mut self, entry: Entry) {
        match entry {
            Entry::Organisation(organisation) => {
                self.sites.extend(organisation.glns.iter().map(|gln| (*gln, organisation.id)));
                self.organisations.insert(organisation.id, organisation);
            }
            Entry::Product(product) => {
                self.products.insert(product.gtin, product);
            }
            Entry::Stop(stop) => {
                let last = self.last_stop.entry(stop.issuer).or_default();
                *last = (*last).max(stop.height);
                self.stops.insert(stop.key.clone(), stop);
            }
            Entry::Rules(rules) => self.rules = rules,
            Entry::Validators(validators) => self.validators = validators,
        }
    }

    /// Every entry, in the order that the root covers.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let organisations = self.organisations.values().cloned().map(Entry::Organisation);
        let products = self.products.values().cloned().map(Entry::Product);
        let stops = self.stops.values().cloned().map(Entry::Stop);
        let rest = [Entry::Rules(self.rules.clone()), Entry::Validators(self.validators.clone())];
        organisations.chain(products).chain(stops).chain(rest)
    }

    /// Root of the tree over all entries, in order.
    pub fn root(&self) -> Hash {
        Tree::of(self.entries().map(|entry| entry.to_bytes())).root()
    }

    /// An organisation.
    pub fn organisation(&self, id: OrganisationId) -> Option<&Organisation> {
        self.organisations.get(&id)
    }

    /// All organisations, by number.
    pub fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        self.organisations.values()
    }

    /// The organisation that a site belongs to.
    pub fn organisation_at(&self, site: &Gln) -> Option<&Organisation> {
        self.organisations.get(self.sites.get(site)?)
    }

    /// A product.
    pub fn product(&self, gtin: &Gtin) -> Option<&Product> {
        self.products.get(gtin)
    }

    /// All products, by number.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.values()
    }

    /// The organisation whose company prefix a trade item number begins with.
    pub fn prefix_owner(&self, gtin: &Gtin) -> Option<OrganisationId> {
        let owns = |org: &&Organisation| org.company_prefixes.iter().any(|prefix| prefix.owns_gtin(gtin));
        self.organisations.values().find(owns).map(|org| org.id)
    }

    /// The withdrawal of a product.
    pub fn withdrawal(&self, gtin: &Gtin) -> Option<&Stop> {
        self.stops.get(&StopKey { gtin: *gtin, lot: None })
    }

    /// The recall of a lot.
    pub fn recall(&self, gtin: &Gtin, lot: &Lot) -> Option<&Stop> {
        self.stops.get(&StopKey { gtin: *gtin, lot: Some(lot.clone()) })
    }

    /// All recalls of lots of a product.
    pub fn recalls_of(&self, gtin: &Gtin) -> impl Iterator<Item = &Stop> {
        let first = StopKey { gtin: *gtin, lot: None };
        let gtin = *gtin;
        self.stops
            .range(first..)
            .take_while(move |(key, _)| key.gtin == gtin)
            .filter(|(key, _)| key.lot.is_some())
            .map(|(_, stop)| stop)
    }

    /// All recalls and withdrawals.
    pub fn stops(&self) -> impl Iterator<Item = &Stop> {
        self.stops.values()
    }

    /// Height of the last recall or withdrawal of this issuer's products; 0: none.
    pub fn last_stop(&self, issuer: OrganisationId) -> Height {
        self.last_stop.get(&issuer).copied().unwrap_or_default()
    }

    /// Who votes.
    pub fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Which rules hold.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Decides a change that one organisation may make alone, and the entry it leads to.
    ///
    /// # Errors
    /// The [`Refusal`] that applies.
    pub fn admit(
        &self,
        author: OrganisationId,
        change: &DirectoryChange,
        height: Height,
        time_ms: u64,
    ) -> Result<Entry, Refusal> {
        change::admit(self, author, change, height, time_ms)
    }
}

impl Canonical for Organisation {
    fn write(&self, to: &mut Writer) {
        self.id.write(to);
        self.name.write(to);
        self.role.write(to);
        to.list(&self.glns);
        to.list(&self.company_prefixes);
        to.list(&self.keys);
        to.list(&self.commissions_for);
        self.standing.write(to);
        self.standing_since.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Organisation {
            id: OrganisationId::read(from)?,
            name: String::read(from)?,
            role: Role::read(from)?,
            glns: from.list("sites", ORGANISATION_LIST_MAX)?,
            company_prefixes: from.list("company prefixes", ORGANISATION_LIST_MAX)?,
            keys: from.list("keys", ORGANISATION_LIST_MAX)?,
            commissions_for: from.list("issuers", ORGANISATION_LIST_MAX)?,
            standing: OrganisationStanding::read(from)?,
            standing_since: Height::read(from)?,
        })
    }
}

impl Canonical for OrganisationStanding {
    fn write(&self, to: &mut Writer) {
        u8::from(*self == OrganisationStanding::Suspended).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(if bool::read(from)? { OrganisationStanding::Suspended } else { OrganisationStanding::Good })
    }
}
