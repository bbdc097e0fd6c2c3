//! Event Hash IDs of the published reference events.

use epcis::{CbvVersion, Document, Format, Limits, XmlVersion};

use crate::{files, is_within, parse_file, short, testdata};

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

#[test]
fn conversion_keeps_every_hash() {
    let Some(folder) = testdata("conversion_keeps_every_hash") else {
        return;
    };
    let (mut given, mut wrong) = (0, Vec::new());
    for extension in ["json", "xml"] {
        for path in files(&folder.join("epcis"), extension) {
            if is_within(&path, "Invalid") || is_within(&path, "Queries") {
                continue;
            }
            let document = parse_file(&path).unwrap();
            let converted = [
                (Format::Json, document.to_json()),
                (Format::Xml, document.to_xml(XmlVersion::V1_2).unwrap()),
                (Format::Xml, document.to_xml(XmlVersion::V2_0).unwrap()),
            ];
            for (format, text) in converted {
                let again = Document::parse(text.as_bytes(), format, &Limits::default()).unwrap();
                for version in [CbvVersion::V2_0, CbvVersion::V2_1Draft] {
                    given += 1;
                    let hashes = |document: &Document| -> Vec<String> {
                        document.events.iter().map(|event| event.hash_id(version)).collect()
                    };
                    if hashes(&document) != hashes(&again) {
                        wrong.push(format!("{} as {format:?}, {}", short(&path), version.as_str()));
                    }
                }
            }
        }
    }
    println!("hashes after conversion: {given} given, {} right", given - wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
