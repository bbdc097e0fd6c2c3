//! The directory: who takes part, which products exist, what is recalled or withdrawn, who votes, which rules
//! hold. Public to all members, agreed on by all, hashed into every block header.

use std::collections::{BTreeMap, BTreeSet};

use gs1::{Gln, Gtin, Lot};
use lifecycle::Refusal;
use serde::{Deserialize, Serialize};

use crate::codec::{Canonical, canonical_struct};
use crate::merkle::Tree;
use crate::{Hash, Height, Rules, ValidatorSet};

mod act;
mod change;
mod entry;
mod governance;
mod organisation;

pub use act::GovernedAct;
pub use change::{DirectoryChange, ProductDetails, RecallClass};
pub use entry::{Entry, EntryKind};
pub use governance::{Approval, Fate, Governed, GovernedChange};
pub use organisation::{KeyEntry, Organisation, OrganisationId, OrganisationStanding};

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
    governed: BTreeMap<u64, Governed>,
    /// Derived: height and number of each governed change that is pending.
    pending: BTreeSet<(Height, u64)>,
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
            governed: BTreeMap::new(),
            pending: BTreeSet::new(),
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
                self.put_sites(&organisation);
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
            Entry::Governed(governed) => {
                let place = (governed.effective, governed.number);
                match governed.fate {
                    Fate::Pending => self.pending.insert(place),
                    Fate::Done | Fate::Dropped(_) => self.pending.remove(&place),
                };
                self.governed.insert(governed.number, governed);
            }
        }
    }

    /// The organisation's sites, and no longer those that its entry had before.
    fn put_sites(&mut self, organisation: &Organisation) {
        let before = self.organisations.get(&organisation.id);
        for gln in before.iter().flat_map(|before| &before.glns) {
            if self.sites.get(gln) == Some(&organisation.id) {
                self.sites.remove(gln);
            }
        }
        self.sites.extend(organisation.glns.iter().map(|gln| (*gln, organisation.id)));
    }

    /// Every entry, in the order that the root covers.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let organisations = self.organisations.values().cloned().map(Entry::Organisation);
        let products = self.products.values().cloned().map(Entry::Product);
        let stops = self.stops.values().cloned().map(Entry::Stop);
        let rest = [Entry::Rules(self.rules.clone()), Entry::Validators(self.validators.clone())];
        // Last, so that a directory that has none has the root it always had.
        let governed = self.governed.values().cloned().map(Entry::Governed);
        organisations.chain(products).chain(stops).chain(rest).chain(governed)
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

    /// Who votes on the block that this directory is the state after; [`Self::validators_at`] looks ahead.
    pub fn validators(&self) -> &ValidatorSet {
        &self.validators
    }

    /// Which rules hold.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Decides a change that one organisation may make alone, and the entry it leads to. A governed change is none:
    /// [`Self::admit_governed`] decides it.
    ///
    /// # Errors
    /// The [`Refusal`] that applies; for a governed change [`Refusal::Quorum`].
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
