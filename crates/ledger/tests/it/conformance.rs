//! RFC 6962 trees over SHA3-256 against vectors that other software made.
//!
//! Source: `ledger/rfc6962_sha3_256_vectors.json` of the third-party test data beside the workspace: roots,
//! inclusion and consistency proofs for one to eight of the reference leaves of certificate-transparency.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ledger::Hash;
use ledger::merkle::{Tree, consistency, leaf, root_of_path, verify_consistency};
use serde::Deserialize;
use sha3::Sha3_256;

#[derive(Deserialize)]
struct Vectors {
    empty: Hash,
    trees: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Vector {
    size: u32,
    root: Hash,
    incl: BTreeMap<u32, Vec<Hash>>,
    cons: BTreeMap<u32, Vec<Hash>>,
}

const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

#[derive(Default)]
struct Tally {
    given: u32,
    right: u32,
}

impl Tally {
    fn count(&mut self, what: &str, right: bool) {
        self.given += 1;
        self.right += u32::from(right);
        if !right {
            println!("wrong: {what}");
        }
    }
}

#[test]
fn rfc6962_roots_and_proofs_are_those_of_other_software() {
    const NAME: &str = "rfc6962_roots_and_proofs_are_those_of_other_software";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    if !folder.is_dir() {
        let required = std::env::var("THERIAC_CONFORMANCE").is_ok_and(|value| value == "required");
        assert!(!required, "{NAME}: {} is required and absent", folder.display());
        println!("skipped: {NAME} (no {})", folder.display());
        return;
    }
    let text = fs::read_to_string(folder.join("ledger/rfc6962_sha3_256_vectors.json")).unwrap();
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    let data: Vec<Vec<u8>> = LEAVES.iter().map(|text| hex::decode(text).unwrap()).collect();
    let mut tally = Tally::default();
    tally.count("empty root", Tree::default().root() == vectors.empty);
    for vector in &vectors.trees {
        check(vector, &vectors.trees, &data, &mut tally);
    }
    println!("{NAME}: {} given, {} right", tally.given, tally.right);
    assert_eq!(tally.given, tally.right);
    assert!(tally.given > 60, "the vectors are there: {}", tally.given);
}

fn check(vector: &Vector, all: &[Vector], data: &[Vec<u8>], tally: &mut Tally) {
    let size = vector.size;
    let data = &data[..size as usize];
    let tree = Tree::of(data);
    tally.count(&format!("root of {size}"), tree.root() == vector.root);
    for (index, path) in &vector.incl {
        let leads = root_of_path(&data[*index as usize], *index, size, path) == Ok(vector.root);
        let right = leads && tree.path(*index) == *path;
        tally.count(&format!("inclusion of {index} in {size}"), right);
    }
    let hashes: Vec<_> = data.iter().map(|leaf_data| leaf::<Sha3_256>(leaf_data)).collect();
    for (older, path) in &vector.cons {
        let given: Vec<_> = path.iter().map(|hash| hash.0.into()).collect();
        let older_root = all.iter().find(|v| v.size == *older).unwrap().root.0.into();
        let root = vector.root.0.into();
        let holds = verify_consistency::<Sha3_256>((*older).into(), size.into(), &older_root, &root, &given);
        let right = holds == Ok(()) && consistency::<Sha3_256>(&hashes, *older as usize) == given;
        tally.count(&format!("consistency of {older} and {size}"), right);
    }
}
