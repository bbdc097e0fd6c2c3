//! What an event comes to.

use gs1::{ExpiryDate, Gln, Lot};
use ledger::{OrganisationId, PackIdentity};
use lifecycle::Transition;

/// What an event comes to: changes of packs for the ledger, and moves of goods for this organisation's books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meaning {
    /// Changes of packs, in the event's order.
    pub changes: Vec<PackChange>,
    /// Moves of goods.
    pub moves: Vec<CustodyMove>,
    /// The site where it happened.
    pub site: Option<Gln>,
}

/// What a label says besides GTIN and serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The lot.
    pub lot: Lot,
    /// The expiry date.
    pub expiry: ExpiryDate,
}

/// One pack that changes state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackChange {
    /// The pack.
    pub pack: PackIdentity,
    /// In whose space its record lives.
    pub issuer: OrganisationId,
    /// What is done to it.
    pub transition: Transition,
    /// Its label; given when it is commissioned.
    pub label: Option<Label>,
    /// JSON Pointer to it in the event.
    pub pointer: String,
}

/// Goods that move. Items are canonical keys: Digital Link paths such as `00/095212345678901235`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustodyMove {
    /// They come into being at a site.
    Begin {
        /// What.
        items: Vec<String>,
        /// Where.
        site: Gln,
    },
    /// They are packed into a parent.
    Pack {
        /// The parent.
        parent: String,
        /// What goes in.
        children: Vec<String>,
    },
    /// They are taken out of a parent.
    Unpack {
        /// The parent.
        parent: String,
        /// What comes out; empty: everything.
        children: Vec<String>,
    },
    /// They leave for another site.
    Ship {
        /// What; each with all that is packed in it.
        items: Vec<String>,
        /// Where to.
        to: Gln,
        /// Whose site that is.
        consignee: OrganisationId,
    },
    /// They arrive.
    Receive {
        /// What; each with all that is packed in it.
        items: Vec<String>,
        /// Where.
        site: Gln,
    },
    /// They leave the supply chain: dispensed, destroyed, exported.
    End {
        /// What.
        items: Vec<String>,
    },
}
