//! Genuine proofs: exit code 0, every link, what it proves, as of when, on what trust, and what it does not prove.

use std::collections::BTreeSet;

use ledger::commitment::Disclosure;
use ledger::testkit::{event_fields, event_salt};
use ledger::{Canonical, Height};
use serde_json::json;

use crate::kit::Desk;

#[test]
fn a_receipt_of_an_event_is_explained_link_by_link() {
    let desk = Desk::new();
    let answer = desk.verify_both(&desk.event(), &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.says("✓ commitment ", "leaf 1 of 16 in batch 1 of organisation 1 (Example manufacturer 1)");
    answer.says("✓ batch ", "batch 1 of 2 in block 1");
    answer.says("✓ block 1 ", "3 of 4 validators, power 3 of 4, round 0");
    answer.says("proves: event 0 of organisation 1", "anchored since block 1, 2025-06-15T15:06:40.01Z");
    answer.says("as of: block 1, 2025-06-15T15:06:40.01Z", "");
    answer.says("trust: only genesis was trusted", &desk.story.network.state.network.to_string());
    answer.says("note: ", "not that what it says is true");
    assert_eq!(answer.err, "");
}

#[test]
fn a_disclosed_event_is_checked_against_its_receipt() {
    let desk = Desk::new();
    let part = Disclosure::of(&event_salt(), &event_fields(), &BTreeSet::from([2, 4]));
    desk.write_json("event.json", &part);
    desk.write("event.bin", part.to_bytes());
    for file in ["event.json", "event.bin"] {
        let answer = desk.verify_both(&desk.event(), &["--event", file]);
        assert_eq!(answer.code, 0, "{answer:?}");
        answer.says("✓ the 2 fields shown, of 5,", "committed to");
        answer.says("proves: epcList/0 = 01/09521568251204/21/S1", "");
        answer.says("proves: ilmd/lotNumber = A123", "");
        assert!(!answer.out.contains("eventTimeZoneOffset"));
    }
}

#[test]
fn a_receipt_of_a_change_says_what_became_of_it() {
    let desk = Desk::new();
    let answer = desk.verify_both(&desk.refused(), &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.says("✓ dispense of record ", "item 1 of 2 in batch 2 of organisation 2");
    answer.says("✓ its result is in block 3: refused (already_in_state)", "");
    answer.says("✓ block 3 ", "is decided");
    answer.says("proves: dispense of record ", "was refused (already_in_state)");
    answer.says("as of: block 3, ", "");
    let dispensed = desk.verify_both(&desk.story.network.item_receipt(Height(2), 0, 0), &[]);
    dispensed.says("proves: dispense of record ", "by organisation 3 (Example pharmacy 3) in block 2");
    dispensed.says("proves: ", "was accepted");
    let recall = desk.verify_both(&desk.story.network.item_receipt(Height(4), 0, 0), &[]);
    recall.says(
        "proves: recall of lot A123 of product 09521568251204, class I, \"particles found\"",
        "accepted",
    );
}

#[test]
fn evidence_tells_the_packs_history_and_its_own_limits() {
    let desk = Desk::new();
    let answer = desk.verify_both(&desk.evidence(), &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    for check in [
        "organisation 1 owns product",
        "record key ",
        "commission by",
        "lot A123 is",
        "dispense by",
        "undo by",
        "recall of lot A123 by",
        "head: block 5",
        "block 5 ",
    ] {
        answer.says(&format!("✓ {check}"), "");
    }
    answer.says(
        "proves: pack (01)09521568251204(21)S1 of organisation 1 (Example manufacturer 1), Example 5 mg tablets: \
         active after 3 changes shown",
        "",
    );
    answer.says("proves: recall of lot A123", "by organisation 1 (Example manufacturer 1), from block 4 on");
    answer.says("as of: block 5, ", "Z");
    answer.says("trust: only genesis was trusted", "");
    answer.says("note: this is the chain of receipts", "does not prove that no later change");
}

#[test]
fn programs_get_json() {
    let desk = Desk::new();
    let evidence = desk.verify_both(&desk.evidence(), &["--json"]).json();
    assert_eq!(evidence["proven"], json!(true));
    assert_eq!(evidence["kind"], json!("evidence"));
    let facts = json!({"gtin": "09521568251204", "serial": "S1", "issuer": 1, "lot": "A123", "state": "active",
        "changes": 3, "stopped": true});
    assert_eq!(evidence["facts"], facts);
    assert_eq!(evidence["as_of"]["height"], json!(5));
    assert_eq!(evidence["trusted"]["genesis"], json!("Example network"));
    let refused = desk.verify_both(&desk.refused(), &["--json"]).json();
    assert_eq!(refused["facts"]["outcome"], json!({"refused": "already_in_state"}));
    let event = desk.verify_both(&desk.event(), &["--json"]).json();
    assert_eq!(event["facts"]["event"], json!(0));
    assert_eq!(event.get("broken"), None);
}

#[test]
fn a_kind_may_be_named_and_what_is_no_part_of_the_proof_is_said_to_be_ignored() {
    let desk = Desk::new();
    let mut value = serde_json::to_value(desk.event()).unwrap();
    value["kind"] = json!("event_receipt");
    value["verdict"] = json!("genuine");
    desk.write_json("proof.json", &value);
    let answer = desk.verify("proof.json", &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.says("note: ignored, being no part of the proof: verdict", "");
    assert!(!answer.out.contains("genuine"));
    let ignored = desk.verify("proof.json", &["--json"]).json()["ignored"].clone();
    assert_eq!(ignored, json!(["verdict"]));
}

#[test]
fn a_whole_answer_is_searched_for_its_proof_and_nothing_else_of_it_is_believed() {
    let desk = Desk::new();
    let look_up = json!({"product": {"gtin": "09521568251204"}, "serial": "S9", "state": "active",
        "history": [{"transition": "commission"}], "evidence": desk.evidence(), "lookup_id": "1"});
    desk.write_json("answer.json", &look_up);
    let answer = desk.verify("answer.json", &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    answer.says("found: evidence in the answer's member evidence", "only that is verified");
    answer.says("proves: pack (01)09521568251204(21)S1 ", "");
    answer.says("note: ignored, being no part of the proof: history, lookup_id, product, serial, state", "");
    let report = desk.verify("answer.json", &["--json"]).json();
    assert_eq!((&report["found_in"], &report["facts"]["serial"]), (&json!("evidence"), &json!("S1")));
    // The answer of /v1/receipts is the receipt itself; one that wraps it is unwrapped.
    desk.write_json("answer.json", &json!({"event_id": "urn:uuid:1", "receipt": desk.event()}));
    desk.verify("answer.json", &[]).says("found: event_receipt in the answer's member receipt", "");
    let mut broken = look_up;
    broken["evidence"]["serial"] = json!("S9");
    desk.write_json("answer.json", &broken);
    assert_eq!(desk.verify("answer.json", &[]).code, 1);
}

#[test]
fn an_answer_without_a_proof_or_with_two_is_unusable() {
    let desk = Desk::new();
    for answer in [
        json!({"final": true, "event_id": "urn:uuid:1"}),
        json!({"evidence": "none"}),
        json!({"evidence": desk.evidence(), "receipt": desk.event()}),
    ] {
        desk.write_json("answer.json", &answer);
        let told = desk.verify("answer.json", &[]);
        assert_eq!(told.code, 2, "{told:?}");
        assert!(told.err.contains("holds no receipt or evidence"), "{told:?}");
    }
}

#[test]
fn age_is_judged_by_the_proofs_last_block() {
    let desk = Desk::new();
    desk.write_json("proof.json", &desk.evidence());
    let at = |seconds| ["--max-age", seconds, "--now", "2025-06-15T15:07:40.05Z"];
    let young = desk.verify("proof.json", &at("60"));
    assert_eq!(young.code, 0, "{young:?}");
    young.says("✓ its last block is 60 s old, within 60 s", "");
    let old = desk.verify("proof.json", &at("59"));
    assert_eq!(old.code, 1);
    old.says("✗ broken: age: block 5 is 60 s old, more than the 59 s permitted", "");
    // Clocks differ by as much as the network's rules permit between them, not more.
    let before = |now| desk.verify("proof.json", &["--max-age", "5", "--now", now]);
    assert_eq!(before("2025-06-15T15:06:39Z").code, 0);
    let future = before("1999-12-31T23:59:59Z");
    assert_eq!(future.code, 1, "{future:?}");
    future.says("✗ broken: age: block 5 is", "s in the future");
    // Without --now the machine's clock counts, and the story is long past.
    assert_eq!(desk.verify("proof.json", &["--max-age", "60"]).code, 1);
}
