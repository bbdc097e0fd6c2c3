//! From an event to its meaning.

use epcis::{Action, EpcRole, Event, EventType};
use gs1::{EpcKey, ExpiryDate, Gln, Gtin, Identifier, Lot, Sgtin};
use ledger::{Directory, Organisation, OrganisationId, PackIdentity};
use lifecycle::Transition;

use crate::fault::{FAULTS_MAX, Fault, FaultCode};
use crate::meaning::{CustodyMove, Label, Meaning, PackChange};

/// Interprets an event that `by` captured. `year` is this year: it decides the century of YYMMDD dates.
///
/// Steps of the Core Business Vocabulary that change a pack or move goods have a meaning; all others are kept and
/// anchored, and mean nothing further.
///
/// # Errors
/// Every fault of the event, at most [`FAULTS_MAX`].
pub fn interpret(
    event: &Event,
    by: &Organisation,
    directory: &Directory,
    year: i32,
) -> Result<Meaning, Vec<Fault>> {
    let mut reading = Reading { event, by, directory, year, faults: Vec::new(), meaning: Meaning::default() };
    reading.meaning.site = reading.site();
    if event.error_declaration.is_none() {
        reading.step();
    }
    if reading.faults.is_empty() { Ok(reading.meaning) } else { Err(reading.faults) }
}

struct Reading<'a> {
    event: &'a Event,
    by: &'a Organisation,
    directory: &'a Directory,
    year: i32,
    faults: Vec<Fault>,
    meaning: Meaning,
}

/// One identifier of the event.
struct Item {
    key: EpcKey,
    pointer: String,
}

impl Reading<'_> {
    fn step(&mut self) {
        let (kind, action) = (self.event.event_type(), self.event.action());
        match (kind, self.event.biz_step(), action) {
            (EventType::Object, Some("commissioning"), Some(Action::Add)) => self.commission(),
            (EventType::Object, Some("commissioning"), _) => {
                self.fault(FaultCode::Action, "/action", "commissioning has action ADD");
            }
            (EventType::Aggregation, _, Some(Action::Add)) => self.pack(),
            (EventType::Aggregation, _, Some(Action::Delete)) => self.unpack(),
            (EventType::Object, Some("shipping"), _) => self.ship(),
            (EventType::Object, Some("receiving" | "accepting"), _) => self.receive(),
            (EventType::Object, Some(step), _) => match decommissioning(step, self.event.disposition()) {
                Some(transition) => self.change(transition),
                None => self.items_checked(),
            },
            _ => self.items_checked(),
        }
    }

    fn fault(&mut self, code: FaultCode, pointer: impl Into<String>, message: impl Into<String>) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(Fault::new(code, pointer, message));
        }
    }

    fn items_checked(&mut self) {
        self.items(&[EpcRole::Epc, EpcRole::Child, EpcRole::Parent, EpcRole::Input, EpcRole::Output]);
    }

    /// The event's identifiers in these roles; a fault for each that is none.
    fn items(&mut self, roles: &[EpcRole]) -> Vec<Item> {
        let mut items = Vec::new();
        let mut index = [0usize; 5];
        for (role, uri) in self.event.epcs() {
            let counter = &mut index[role as usize];
            let pointer = match role {
                EpcRole::Parent => "/parentID".to_owned(),
                _ => format!("/{}/{}", role.as_str(), counter),
            };
            *counter += 1;
            if !roles.contains(&role) {
                continue;
            }
            match EpcKey::parse(uri) {
                Ok(key) => items.push(Item { key, pointer }),
                Err(error) if self.faults.len() < FAULTS_MAX => {
                    self.faults.push(Fault::new(FaultCode::Identifier, pointer, error.to_string()));
                }
                Err(_) => break,
            }
        }
        items
    }

    fn paths(&mut self, roles: &[EpcRole]) -> Vec<String> {
        self.items(roles).iter().map(|item| item.key.path()).collect()
    }

    /// The site of the event: where the goods are afterwards, else where it was read.
    fn site(&mut self) -> Option<Gln> {
        let places =
            [("/bizLocation/id", &self.event.biz_location), ("/readPoint/id", &self.event.read_point)];
        for (pointer, place) in places {
            let Some(place) = place else { continue };
            let Ok(key) = EpcKey::parse(&place.id) else {
                self.fault(FaultCode::Identifier, pointer, "this is no location");
                return None;
            };
            let Identifier::Sgln { gln, .. } = key.id() else { continue };
            match self.directory.organisation_at(gln) {
                Some(owner) if owner.id != self.by.id => {
                    self.fault(FaultCode::NotOwner, pointer, "this site belongs to another organisation");
                }
                _ => return Some(*gln),
            }
        }
        self.by.glns.first().copied()
    }

    fn at_site(&mut self) -> Option<Gln> {
        if self.meaning.site.is_none() {
            self.fault(
                FaultCode::MissingSite,
                "/bizLocation",
                "the event names no site of this organisation",
            );
        }
        self.meaning.site
    }

    fn commission(&mut self) {
        let items = self.items(&[EpcRole::Epc]);
        let packs = items.iter().any(|item| pack_of(&item.key).is_some());
        let label = if packs { self.label() } else { None };
        let Some(site) = self.at_site() else { return };
        for item in &items {
            if let Some(sgtin) = pack_of(&item.key) {
                let Some(issuer) = self.issuer(&sgtin.gtin, &item.pointer) else { continue };
                if let Some(label) = &label {
                    self.refuse_stopped(&sgtin.gtin, &label.lot, &item.pointer);
                }
                self.push(sgtin, issuer, Transition::Commission, label.clone(), &item.pointer);
            }
        }
        let items = items.iter().map(|item| item.key.path()).collect();
        self.meaning.moves.push(CustodyMove::Begin { items, site });
    }

    fn push(
        &mut self,
        sgtin: &Sgtin,
        issuer: OrganisationId,
        transition: Transition,
        label: Option<Label>,
        pointer: &str,
    ) {
        let pack = PackIdentity { gtin: sgtin.gtin, serial: sgtin.serial.clone() };
        self.meaning.changes.push(PackChange {
            pack,
            issuer,
            transition,
            label,
            pointer: pointer.to_owned(),
        });
    }

    /// Owner of the product, if this organisation may commission for it.
    fn issuer(&mut self, gtin: &Gtin, pointer: &str) -> Option<OrganisationId> {
        let Some(product) = self.directory.product(gtin) else {
            self.fault(FaultCode::UnknownProduct, pointer, format!("no product {gtin} is registered"));
            return None;
        };
        let owner = product.owner;
        if owner == self.by.id || self.by.commissions_for.contains(&owner) {
            return Some(owner);
        }
        self.fault(FaultCode::NotOwner, pointer, format!("product {gtin} belongs to another organisation"));
        None
    }

    fn refuse_stopped(&mut self, gtin: &Gtin, lot: &Lot, pointer: &str) {
        if self.directory.withdrawal(gtin).is_some() {
            self.fault(FaultCode::Stopped, pointer, format!("product {gtin} is withdrawn"));
        } else if self.directory.recall(gtin, lot).is_some() {
            self.fault(FaultCode::Stopped, pointer, "this lot is recalled");
        }
    }

    fn label(&mut self) -> Option<Label> {
        let lot = match self.event.ilmd_text("lotNumber").map(Lot::new) {
            Some(Ok(lot)) => Some(lot),
            Some(Err(error)) => {
                self.fault(FaultCode::IlmdValue, "/ilmd/cbvmda:lotNumber", error.to_string());
                None
            }
            None => {
                self.fault(FaultCode::MissingLot, "/ilmd", "commissioning a pack names its lotNumber");
                None
            }
        };
        let expiry = match self.event.ilmd_text("itemExpirationDate").map(|text| expiry(text, self.year)) {
            Some(Some(expiry)) => Some(expiry),
            Some(None) => {
                let pointer = "/ilmd/cbvmda:itemExpirationDate";
                self.fault(FaultCode::IlmdValue, pointer, "a date is YYYY-MM-DD or YYMMDD");
                None
            }
            None => {
                self.fault(
                    FaultCode::MissingExpiry,
                    "/ilmd",
                    "commissioning a pack names its itemExpirationDate",
                );
                None
            }
        };
        Some(Label { lot: lot?, expiry: expiry? })
    }

    fn pack(&mut self) {
        let (parent, children) = (self.paths(&[EpcRole::Parent]).pop(), self.paths(&[EpcRole::Child]));
        if let Some(parent) = parent {
            self.meaning.moves.push(CustodyMove::Pack { parent, children });
        }
    }

    fn unpack(&mut self) {
        let (parent, children) = (self.paths(&[EpcRole::Parent]).pop(), self.paths(&[EpcRole::Child]));
        if let Some(parent) = parent {
            self.meaning.moves.push(CustodyMove::Unpack { parent, children });
        }
    }

    fn ship(&mut self) {
        let items = self.paths(&[EpcRole::Epc]);
        let Some((to, consignee)) = self.destination() else { return };
        self.meaning.moves.push(CustodyMove::Ship { items, to, consignee });
    }

    /// The place shipped to, and whose it is: by the place, or by the party when the place is not listed.
    fn destination(&mut self) -> Option<(Gln, OrganisationId)> {
        let gln = |uri: Option<&str>| match EpcKey::parse(uri?).ok()?.id() {
            Identifier::Sgln { gln, .. } => Some(*gln),
            Identifier::Pgln(gln) => Some(*gln),
            _ => None,
        };
        let place = gln(self.event.destination("location"));
        let party =
            ["possessing_party", "owning_party"].iter().find_map(|kind| gln(self.event.destination(kind)));
        let known = |gln: &Gln| self.directory.organisation_at(gln).map(|organisation| organisation.id);
        let consignee = [place, party].iter().flatten().find_map(known);
        match (place.or(party), consignee) {
            (Some(to), Some(consignee)) => Some((to, consignee)),
            _ => {
                let message = "no organisation in the directory has this destination";
                self.fault(FaultCode::UnknownDestination, "/destinationList", message);
                None
            }
        }
    }

    fn receive(&mut self) {
        let items = self.paths(&[EpcRole::Epc]);
        let Some(site) = self.at_site() else { return };
        self.meaning.moves.push(CustodyMove::Receive { items, site });
    }

    fn change(&mut self, transition: Transition) {
        let items = self.items(&[EpcRole::Epc]);
        if self.at_site().is_none() {
            return;
        }
        for item in &items {
            let Some(sgtin) = pack_of(&item.key) else { continue };
            match self.directory.product(&sgtin.gtin).map(|product| product.owner) {
                Some(issuer) => self.push(sgtin, issuer, transition, None, &item.pointer),
                None => {
                    let message = format!("no product {} is registered", sgtin.gtin);
                    self.fault(FaultCode::UnknownProduct, &item.pointer, message);
                }
            }
        }
        let paths = items.iter().map(|item| item.key.path()).collect();
        if !matches!(transition, Transition::Lock | Transition::Unlock | Transition::Undo) {
            self.meaning.moves.push(CustodyMove::End { items: paths });
        }
    }
}

/// The pack that an identifier names: an SGTIN whose GTIN has indicator digit 0.
fn pack_of(key: &EpcKey) -> Option<&Sgtin> {
    match key.id() {
        Identifier::Sgtin(sgtin) if sgtin.gtin.is_pack() => Some(sgtin),
        _ => None,
    }
}

fn expiry(text: &str, year: i32) -> Option<ExpiryDate> {
    text.trim().parse().ok().or_else(|| ExpiryDate::new(text.trim(), year).ok())
}

/// What a business step does to a pack (CBV 2.0 section 7.1 and 7.2).
fn decommissioning(step: &str, disposition: Option<&str>) -> Option<Transition> {
    match (step, disposition) {
        ("dispensing", _) => Some(Transition::Dispense),
        ("destroying", _) => Some(Transition::Destroy),
        ("sampling", _) => Some(Transition::Sample),
        ("decommissioning", Some("dispensed")) => Some(Transition::Dispense),
        ("decommissioning", Some("destroyed" | "disposed")) => Some(Transition::Destroy),
        (_, Some("stolen")) => Some(Transition::ReportStolen),
        _ => None,
    }
}
