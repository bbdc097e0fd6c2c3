//! Goods that come and go: cases, pallets and packs as this organisation's books know them. Nothing of it is on the
//! ledger but the commitments of the events.

mod follow;
mod receive;
mod ship;

use actix_web::web;
use gs1::{EpcKey, Identifier, parse_scan};
use ledger::Organisation;
use time::Date;

pub use receive::{Delivery, NewDelivery, deliver};
pub use ship::{NewShipment, SentGoods, ship};

use crate::intake::{Knowledge, Prepared, Unprepared};
use crate::problem::{Fault, Problem, ProblemType};
use crate::shared::Shared;

/// Reads the key of an object: an SSCC or SGTIN as scanned, or as URN, Digital Link or canonical key.
///
/// # Errors
/// `invalid-field` or `check-digit` at `pointer`.
pub fn object_key(text: &str, pointer: &str, today: Date) -> Result<EpcKey, Problem> {
    let key = match EpcKey::parse(text) {
        Ok(key) => key,
        Err(error) => {
            scanned(text, today).ok_or_else(|| Problem::invalid(vec![Fault::from(&error).at(pointer)]))?
        }
    };
    if matches!(key.id(), Identifier::Sscc(_) | Identifier::Sgtin(_)) {
        return Ok(key);
    }
    let message = "an object is named by its SSCC, or by GTIN and serial number";
    Err(Problem::invalid(vec![Fault::new("not-an-object", message).at(pointer)]))
}

fn scanned(text: &str, today: Date) -> Option<EpcKey> {
    let bare = text.len() == 18 && text.bytes().all(|byte| byte.is_ascii_digit());
    if bare {
        return gs1::Sscc::new(text).ok().map(|sscc| EpcKey::from(Identifier::Sscc(sscc)));
    }
    let scan = parse_scan(text, today).ok()?;
    let unit = scan.sscc().map(Identifier::Sscc);
    unit.or_else(|| scan.sgtin().map(Identifier::Sgtin)).map(EpcKey::from)
}

/// The URI of an organisation as a party: its first GLN.
fn party(organisation: &Organisation) -> Option<String> {
    organisation.glns.first().map(|gln| EpcKey::from(Identifier::Pgln(*gln)).digital_link())
}

/// Prepares an event that a route built.
fn prepare(
    event: epcis::Event,
    knowledge: &Knowledge,
    shared: &web::Data<Shared>,
) -> Result<Prepared, Problem> {
    Prepared::of(event, knowledge, &shared.entropy).map_err(|unprepared| match unprepared {
        Unprepared::Problem(problem) => problem,
        Unprepared::Faults(faults) => Problem::invalid(
            faults.iter().map(|fault| Fault::new(fault.code.as_str(), &fault.message)).collect(),
        ),
    })
}

/// The present state of the goods does not allow what was asked.
fn conflict(code: &str, message: &str, pointer: String) -> Problem {
    Problem::new(ProblemType::StateConflict)
        .with_fault(Fault::new(code, message).at(pointer))
        .next_action("Look at the stock and the deliveries; scan the label again.")
}
