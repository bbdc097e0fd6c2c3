//! Reading files: which proof one holds, bounded and strict.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ledger::commitment::Disclosure;
use ledger::evidence::Evidence;
use ledger::receipt::{EventReceipt, ItemReceipt};
use ledger::{Canonical, Genesis};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::limits::{EVENT_BYTES_MAX, GENESIS_BYTES_MAX, PROOF_BYTES_MAX};
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

/// Reads a proof. Returns, besides, the names of members that are no part of it.
///
/// # Errors
/// [`Unusable`] where the file holds none.
pub fn proof(path: &Path) -> Result<(Proof, Vec<String>), Unusable> {
    let bytes = read(path, PROOF_BYTES_MAX)?;
    if !is_json(&bytes) {
        return Ok((canonical_proof(path, &bytes)?, Vec::new()));
    }
    let mut members: Map<String, Value> = json(path, ANY_PROOF, &bytes)?;
    let kind = match members.remove("kind") {
        Some(Value::String(kind)) => kind,
        Some(_) => return Err(unknown(path, ANY_PROOF)),
        None if members.contains_key("commitment") => "event_receipt".to_owned(),
        None if members.contains_key("item") => "item_receipt".to_owned(),
        None if members.contains_key("changes") => "evidence".to_owned(),
        None => return Err(unknown(path, ANY_PROOF)),
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
