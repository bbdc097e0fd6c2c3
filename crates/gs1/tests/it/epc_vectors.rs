//! EPC URNs of the Tag Data Standard, and canonical Digital Links.

use gs1::epc::{EpcKey, Identifier, canonical_link};

use crate::vectors::{Tally, field, rows};

/// The element string of a key, as the vectors write it; the extension `0` of a place is written out there.
fn elements(key: &EpcKey, urn: &str) -> String {
    let path = key.path();
    let decoded = gs1::epc::percent::decode(&path).expect("a path decodes");
    // Key and qualifier alternate with their values; only the last value may hold a slash.
    let mut parts = decoded.splitn(4, '/');
    let mut text = String::new();
    if matches!(
        key.id(),
        Identifier::Giai(_) | Identifier::Gdti(_) | Identifier::Grai(_) | Identifier::Ginc(_)
    ) {
        parts = decoded.splitn(2, '/');
    }
    while let (Some(ai), Some(value)) = (parts.next(), parts.next()) {
        text.push_str(&format!("({ai}){value}"));
    }
    if matches!(key.id(), Identifier::Sgln { extension: None, .. }) && urn.ends_with(".0") {
        text.push_str("(254)0");
    }
    text
}

#[test]
fn tag_data_standard() {
    let Some(rows) = rows("gs1/epc-tds-epcpy.json", "vectors") else {
        return;
    };
    let mut tally = Tally::new("epc-tds-epcpy");
    for row in &rows {
        let urn = field(row, "uri").unwrap();
        // What a tag of so many bits can hold is not a question of the URN's validity.
        let valid = row["valid"] == true || field(row, "kind") == Some("TagEncodable");
        let key = EpcKey::parse(urn);
        // A row of one scheme may hold a valid URN of another, as something that is not of that scheme.
        let scheme = field(row, "scheme").unwrap().to_ascii_lowercase();
        let of_scheme = urn.split(':').nth(3) == Some(&scheme);
        tally.row((key.is_ok() && of_scheme) == valid, || {
            format!("{urn}: expected valid {valid}, got {key:?}")
        });
        let Ok(key) = key else { continue };
        tally.row(key.urn().as_deref() == Some(urn), || format!("{urn}: written as {:?}", key.urn()));
        let again = EpcKey::parse(&key.path());
        tally.row(again.as_ref() == Ok(&key), || format!("{urn}: {} read as {again:?}", key.path()));
        if let Some(expected) = field(row, "gs1_element_string") {
            let got = elements(&key, urn);
            tally.row(got == expected, || format!("{urn}: expected {expected}, got {got}"));
        }
        if let Some(length) = row["company_prefix_length"].as_u64() {
            let got = key.prefix_length().map(u64::from);
            tally.row(got == Some(length), || format!("{urn}: prefix length {got:?}, not {length}"));
            let written = EpcKey::parse(&key.path()).unwrap().to_urn(u8::try_from(length).unwrap());
            tally.row(written.as_deref() == Ok(urn), || format!("{urn}: {written:?}"));
        }
    }
    tally.finish();
}

#[test]
fn canonical_digital_links() {
    let Some(rows) = rows("gs1/epc-uri-to-canonical-dl.json", "vectors") else {
        return;
    };
    let mut tally = Tally::new("epc-uri-to-canonical-dl");
    for row in &rows {
        // One row gives a number where a text belongs: in Rust that cannot be asked.
        let Some(input) = field(row, "input") else {
            continue;
        };
        let got = canonical_link(input).ok();
        let expected = field(row, "canonical");
        tally.row(got.as_deref() == expected, || format!("{input}: expected {expected:?}, got {got:?}"));
    }
    tally.finish();
}
