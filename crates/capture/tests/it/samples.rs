//! Events and directories of the tests, over the network of `ledger::testkit`.

use capture::{Fault, Meaning, interpret};
use epcis::{Consignment, Event, Occasion, Offset, Timestamp};
use gs1::{EpcKey, Gln};
use ledger::testkit::{MAKER, Network, START_MS, genesis, recall, site};
use ledger::{DirectoryChange, Organisation, OrganisationId};

/// The year of the tests: it decides the century of two-digit years.
pub const YEAR: i32 = 2026;

/// A pack of the one product, as a URN.
pub fn pack(serial: &str) -> String {
    format!("urn:epc:id:sgtin:952156825.0120.{serial}")
}

/// A case of the one product: the same item with indicator digit 1.
pub fn case(serial: &str) -> String {
    format!("urn:epc:id:sgtin:952156825.1120.{serial}")
}

/// A pallet.
pub fn pallet() -> String {
    "urn:epc:id:sscc:952156825.10000001".to_owned()
}

/// The canonical key of an identifier.
pub fn path(uri: &str) -> String {
    EpcKey::parse(uri).unwrap().path()
}

/// A place as a Digital Link.
pub fn place(gln: &Gln) -> String {
    format!("https://id.gs1.org/414/{gln}")
}

/// An occasion at an organisation's site.
pub fn occasion(at: OrganisationId) -> Occasion {
    Occasion {
        event_id: "urn:uuid:019ab1f2-7a3c-7e55-9c1b-2f64a6d0c001".to_owned(),
        event_time: Timestamp::from_unix_millis(START_MS as i64).unwrap(),
        event_time_zone_offset: Offset::parse("+00:00").unwrap(),
        place: place(&site(at)),
    }
}

/// The maker commissions these in lot A123, good until the end of March 2028.
pub fn commissioning(epcs: &[String]) -> Event {
    Event::commissioning(occasion(MAKER), epcs.to_vec(), "A123", "2028-03-31")
}

/// The maker ships these to an organisation's site.
pub fn shipping(epcs: &[String], to: OrganisationId) -> Event {
    let consignment = Consignment { destination_location: Some(place(&site(to))), ..Consignment::default() };
    Event::shipping(occasion(MAKER), epcs.to_vec(), consignment)
}

/// A network before its first block.
pub fn network() -> Network {
    Network::of(genesis())
}

/// A network in which the maker decided this recall (of a lot) or withdrawal.
pub fn stopped(lot: Option<&str>) -> Network {
    let mut network = network();
    let stop: DirectoryChange = recall(lot);
    let signed = network.batch(MAKER, &[], vec![stop], Vec::new());
    network.decide(vec![signed]);
    network
}

/// The organisation as the network's directory has it.
pub fn member(network: &Network, id: OrganisationId) -> Organisation {
    network.state.directory.organisation(id).unwrap().clone()
}

/// What the event means to an organisation of this network.
pub fn read(network: &Network, event: &Event, by: OrganisationId) -> Result<Meaning, Vec<Fault>> {
    interpret(event, &member(network, by), &network.state.directory, YEAR)
}
