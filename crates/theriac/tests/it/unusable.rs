//! Input that cannot be judged: exit code 2 and one line on standard error.

use ledger::Canonical;
use ledger::commitment::Disclosure;
use ledger::testkit::{event_fields, event_salt};
use serde_json::json;

use crate::kit::{Answer, Desk};

fn unusable(answer: &Answer, text: &str) {
    assert_eq!(answer.code, 2, "{answer:?}");
    assert_eq!(answer.out, "");
    assert_eq!(answer.err.lines().count(), 1, "{}", answer.err);
    assert!(answer.err.starts_with("theriac: ") && answer.err.contains(text), "{text}: {}", answer.err);
}

#[test]
fn files_that_hold_no_proof_are_told_in_one_line() {
    let desk = Desk::new();
    unusable(&desk.verify("absent.json", &[]), "cannot read absent.json: ");
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("text", b"hello".to_vec()),
        ("list", b"[]".to_vec()),
        ("object", b"{}".to_vec()),
        ("kind", b"{\"kind\": \"passport\"}".to_vec()),
        ("number", b"{\"kind\": 1, \"commitment\": \"\"}".to_vec()),
        ("longer", [desk.event().to_bytes(), vec![0]].concat()),
        ("shorter", desk.event().to_bytes().split_last().unwrap().1.to_vec()),
    ] {
        desk.write(name, bytes);
        unusable(&desk.verify(name, &[]), &format!("{name} holds no receipt or evidence"));
    }
    desk.write("cut.json", b"{\"commitment\": \"ab");
    unusable(&desk.verify("cut.json", &[]), "cut.json is no valid receipt or evidence: EOF");
    desk.write("part.json", b"{\"commitment\": \"ab\"}");
    unusable(&desk.verify("part.json", &[]), "part.json is no valid receipt of an event: ");
}

#[test]
fn json_is_bounded_as_the_encoding_is() {
    let desk = Desk::new();
    let mut value = serde_json::to_value(desk.event()).unwrap();
    value["path"]["siblings"] = json!(vec!["00".repeat(32); 33]);
    desk.write_json("proof.json", &value);
    unusable(&desk.verify("proof.json", &[]), "siblings: 33 exceeds the bound of 32");
    desk.write("huge.json", vec![b' '; theriac::limits::PROOF_BYTES_MAX + 1]);
    unusable(&desk.verify("huge.json", &[]), "huge.json is longer than 16777216 bytes");
    desk.write("deep.json", "{\"commitment\":".to_owned() + &"[".repeat(100_000));
    unusable(&desk.verify("deep.json", &[]), "recursion limit");
}

#[test]
fn the_genesis_and_the_event_must_be_usable_too() {
    let desk = Desk::new();
    desk.write_json("proof.json", &desk.event());
    unusable(&desk.verify_with("proof.json", "absent.json", &[]), "cannot read absent.json");
    unusable(&desk.verify_with("proof.json", "proof.json", &[]), "proof.json is no valid genesis: ");
    unusable(&desk.verify("proof.json", &["--event", "genesis.json"]), "is no valid disclosure of an event");
    desk.write("noise", [0xff; 40]);
    unusable(&desk.verify("proof.json", &["--event", "noise"]), "noise holds no disclosure of an event");
    desk.write_json("event.json", &Disclosure::whole(&event_salt(), &event_fields()));
    desk.write_json("evidence.json", &desk.evidence());
    unusable(
        &desk.verify("evidence.json", &["--event", "event.json"]),
        "--event needs a receipt of an event, and evidence.json holds evidence",
    );
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let desk = Desk::new();
    desk.write_json("proof.json", &desk.event());
    for more in
        [&["--max-age", "soon"][..], &["--now", "2025-06-15T15:07:40Z"], &["--max-age", "1", "--now", "noon"]]
    {
        let answer = desk.verify("proof.json", more);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{more:?}");
    }
}
