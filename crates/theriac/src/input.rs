//! Reading files: which proof one holds, bounded and strict.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use gs1::Calibration;
use gs1::limits::SCAN_BYTES_MAX;
use ledger::commitment::Disclosure;
use ledger::evidence::Evidence;
use ledger::receipt::{EventReceipt, ItemReceipt};
use ledger::{Canonical, Genesis};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::limits::{CALIBRATION_BYTES_MAX, EVENT_BYTES_MAX, GENESIS_BYTES_MAX, PROOF_BYTES_MAX};
use crate::unusable::Unusable;

const ANY_PROOF: &str = "receipt or evidence";

/// Something that can be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// That an event is anchored.
    Event(Box<EventReceipt>),
    /// What became of a change.
    Item(Box<ItemReceipt>),
    /// What the ledger knows of a pack.
    Evidence(Box<Evidence>),
}

impl Proof {
    /// Its kind, as in a file's `kind` and in the answer.
    pub fn kind(&self) -> &'static str {
        match self {
            Proof::Event(_) => "event_receipt",
            Proof::Item(_) => "item_receipt",
            Proof::Evidence(_) => "evidence",
        }
    }
}

/// Members of an API's answer that may hold the proof: evidence in a look-up's, a receipt in others.
const HOLDERS: [&str; 2] = ["evidence", "receipt"];

/// A proof, and where in the file it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The proof.
    pub proof: Proof,
    /// The member that holds it, where the file is a whole answer of an API.
    pub member: Option<&'static str>,
    /// Names of members that are no part of it.
    pub ignored: Vec<String>,
}

/// Reads a proof: the file itself, or the one member that holds it where the file is a saved answer.
///
/// # Errors
/// [`Unusable`] where the file holds none, or leaves open which.
pub fn proof(path: &Path) -> Result<Found, Unusable> {
    let bytes = read(path, PROOF_BYTES_MAX)?;
    if !is_json(&bytes) {
        return Ok(Found { proof: canonical_proof(path, &bytes)?, member: None, ignored: Vec::new() });
    }
    let mut members: Map<String, Value> = json(path, ANY_PROOF, &bytes)?;
    if members.contains_key("kind") || kind_of(&members).is_some() {
        let (proof, ignored) = of_members(path, members)?;
        return Ok(Found { proof, member: None, ignored });
    }
    let held = |member: &&str| members.get(*member).is_some_and(Value::is_object);
    let mut holders = HOLDERS.into_iter().filter(held);
    let (Some(member), None) = (holders.next(), holders.next()) else {
        return Err(unknown(path, ANY_PROOF));
    };
    let Some(Value::Object(inner)) = members.remove(member) else {
        return Err(unknown(path, ANY_PROOF));
    };
    let (proof, within) = of_members(path, inner)?;
    let ignored = members.keys().cloned().chain(within.iter().map(|name| format!("{member}/{name}")));
    Ok(Found { proof, member: Some(member), ignored: ignored.collect() })
}

/// The kind of proof that these members are, by the one that only this kind has.
fn kind_of(members: &Map<String, Value>) -> Option<&'static str> {
    let tells = [("commitment", "event_receipt"), ("item", "item_receipt"), ("changes", "evidence")];
    tells.into_iter().find(|(member, _)| members.contains_key(*member)).map(|(_, kind)| kind)
}

fn of_members(path: &Path, mut members: Map<String, Value>) -> Result<(Proof, Vec<String>), Unusable> {
    let kind = match members.remove("kind") {
        Some(Value::String(kind)) => kind,
        Some(_) => return Err(unknown(path, ANY_PROOF)),
        None => kind_of(&members).ok_or_else(|| unknown(path, ANY_PROOF))?.to_owned(),
    };
    match kind.as_str() {
        "event_receipt" => from_members(path, "receipt of an event", members)
            .map(|(value, rest)| (Proof::Event(value), rest)),
        "item_receipt" => {
            from_members(path, "receipt of a change", members).map(|(value, rest)| (Proof::Item(value), rest))
        }
        "evidence" => {
            from_members(path, "evidence", members).map(|(value, rest)| (Proof::Evidence(value), rest))
        }
        _ => Err(unknown(path, ANY_PROOF)),
    }
}

/// Reads a genesis file.
///
/// # Errors
/// [`Unusable`] where the file holds none.
pub fn genesis(path: &Path) -> Result<Genesis, Unusable> {
    let genesis = json(path, "genesis", &read(path, GENESIS_BYTES_MAX)?)?;
    bounded(path, "genesis", genesis)
}

/// Reads the disclosed fields of an event.
///
/// # Errors
/// [`Unusable`] where the file holds none.
pub fn disclosure(path: &Path) -> Result<Disclosure, Unusable> {
    const EXPECTED: &str = "disclosure of an event";
    let bytes = read(path, EVENT_BYTES_MAX)?;
    if is_json(&bytes) {
        bounded(path, EXPECTED, json(path, EXPECTED, &bytes)?)
    } else {
        Disclosure::from_bytes(&bytes).map_err(|_| unknown(path, EXPECTED))
    }
}

/// Reads an EPCIS document.
///
/// # Errors
/// [`Unusable`] where the file cannot be read.
pub fn document(path: &Path) -> Result<Vec<u8>, Unusable> {
    read(path, epcis::Limits::default().document_bytes_max)
}

/// Reads what `theriac calibrate` printed.
///
/// # Errors
/// [`Unusable`] where the file holds no calibration.
pub fn calibration(path: &Path) -> Result<Calibration, Unusable> {
    json(path, "calibration", &read(path, CALIBRATION_BYTES_MAX)?)
}

/// Reads a text of at most one scan.
///
/// # Errors
/// [`Unusable`] where the file holds none.
pub fn text(path: &Path) -> Result<String, Unusable> {
    let bytes = read(path, SCAN_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| Unusable::NotText { path: path.to_owned() })
}

/// Reads a padding secret: 64 hexadecimal digits, white space around them aside.
///
/// # Errors
/// [`Unusable`] where the file holds none.
pub fn secret(path: &Path) -> Result<[u8; 32], Unusable> {
    let text = text(path)?;
    let hash: Result<ledger::Hash, _> = text.trim().parse();
    hash.map(|hash| hash.0).map_err(|_| Unusable::NoSecret { path: path.to_owned() })
}

/// Reads a text of at most one scan from standard input.
///
/// # Errors
/// [`Unusable`] where there is none.
pub fn text_of(input: &mut impl Read) -> Result<String, Unusable> {
    let mut text = String::new();
    let bound = SCAN_BYTES_MAX as u64 + 1;
    input.take(bound).read_to_string(&mut text).map_err(Unusable::Input)?;
    Ok(text)
}

fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Unusable> {
    let cause = |cause| Unusable::Read { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cause)?;
    file.take(bytes_max as u64 + 1).read_to_end(&mut bytes).map_err(cause)?;
    if bytes.len() > bytes_max {
        let path = path.to_owned();
        return Err(Unusable::TooLong { path, bytes_max });
    }
    Ok(bytes)
}

/// A canonical encoding begins with its version, which is no white space and no brace.
fn is_json(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn unknown(path: &Path, expected: &'static str) -> Unusable {
    Unusable::Unknown { path: path.to_owned(), expected }
}

fn json<T: DeserializeOwned>(path: &Path, expected: &'static str, bytes: &[u8]) -> Result<T, Unusable> {
    serde_json::from_slice(bytes).map_err(|cause| Unusable::Json { path: path.to_owned(), expected, cause })
}

/// The value of the known members, and the names of the others.
fn from_members<T: Canonical + Serialize + DeserializeOwned>(
    path: &Path,
    expected: &'static str,
    members: Map<String, Value>,
) -> Result<(Box<T>, Vec<String>), Unusable> {
    let fault = |cause| Unusable::Json { path: path.to_owned(), expected, cause };
    let names: Vec<String> = members.keys().cloned().collect();
    let value: T = serde_json::from_value(Value::Object(members)).map_err(fault)?;
    let own = serde_json::to_value(&value).map_err(fault)?;
    let ignored = names.into_iter().filter(|name| own.get(name).is_none()).collect();
    Ok((Box::new(bounded(path, expected, value)?), ignored))
}

/// JSON has no bounds of its own: what passes is what the canonical encoding can hold.
fn bounded<T: Canonical>(path: &Path, expected: &'static str, value: T) -> Result<T, Unusable> {
    T::from_bytes(&value.to_bytes()).map_err(|cause| Unusable::Bounds {
        path: path.to_owned(),
        expected,
        cause,
    })
}

/// The encodings carry no kind; no bytes are those of two kinds but by a forger's effort, and then are refused.
fn canonical_proof(path: &Path, bytes: &[u8]) -> Result<Proof, Unusable> {
    let readings = [
        EventReceipt::from_bytes(bytes).ok().map(|value| Proof::Event(Box::new(value))),
        ItemReceipt::from_bytes(bytes).ok().map(|value| Proof::Item(Box::new(value))),
        Evidence::from_bytes(bytes).ok().map(|value| Proof::Evidence(Box::new(value))),
    ];
    let mut readings = readings.into_iter().flatten();
    match (readings.next(), readings.next()) {
        (Some(proof), None) => Ok(proof),
        _ => Err(unknown(path, ANY_PROOF)),
    }
}
