//! Event Hash IDs of the published reference events.

use epcis::CbvVersion;

use crate::{parse_file, testdata};

#[test]
fn reference_events_have_their_hashes() {
    let Some(folder) = testdata("reference_events_have_their_hashes") else {
        return;
    };
    let folder = folder.join("event-hash");
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let (mut given, mut wrong) = (0, Vec::new());
    for version in [CbvVersion::V2_0, CbvVersion::V2_1Draft] {
        for (name, digest) in expected[version.as_str()].as_object().unwrap() {
            for extension in ["xml", "jsonld"] {
                given += 1;
                let document = parse_file(&folder.join(name).with_extension(extension)).unwrap();
                let id = document.events[0].hash_id(version);
                if id != format!("ni:///sha-256;{}?ver={}", digest.as_str().unwrap(), version.as_str()) {
                    wrong.push(format!(
                        "{name}.{extension} {}: {}",
                        version.as_str(),
                        document.events[0].pre_hash(version)
                    ));
                }
            }
        }
    }
    println!("event hashes: {given} given, {} right", given - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
