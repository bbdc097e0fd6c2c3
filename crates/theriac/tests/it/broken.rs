//! Proofs that do not hold: exit code 1, and the link that breaks is named.

use ledger::Height;
use ledger::commitment::Disclosure;
use ledger::testkit::{event_fields, event_salt};
use serde_json::{Value, json};

use crate::kit::{Answer, Desk};

fn breaks(answer: &Answer, link: &str) {
    assert_eq!(answer.code, 1, "{answer:?}");
    answer.says("✗ broken: ", link);
    answer.says("trust: only genesis was trusted", "");
    assert!(!answer.out.contains("proves:"), "{}", answer.out);
}

#[test]
fn each_link_of_an_event_receipt_is_named_when_it_breaks() {
    let desk = Desk::new();
    let mut commitment = desk.event();
    commitment.commitment.0[0] ^= 1;
    breaks(&desk.verify_both(&commitment, &[]), "event in batch: the path leads to another root");
    let mut batch = desk.event();
    batch.anchor.batch.time_ms += 1;
    breaks(&desk.verify_both(&batch, &[]), "batch in block: the path leads to another root");
    let mut block = desk.event();
    block.anchor.block.header.time_ms += 1;
    breaks(&desk.verify_both(&block, &[]), "the certificate is of another block");
    let mut signatures = desk.event();
    signatures.anchor.block.certificate.signatures.pop();
    breaks(
        &desk.verify_both(&signatures, &[]),
        "certificate of block 1: signatures weigh 2 of 4: not more than two thirds",
    );
}

#[test]
fn an_outcome_and_a_history_cannot_be_altered() {
    let desk = Desk::new();
    let mut value = serde_json::to_value(desk.refused()).unwrap();
    value["outcome"] = json!("accepted");
    desk.write_json("proof.json", &value);
    breaks(&desk.verify("proof.json", &[]), "result in next block");
    let mut evidence = desk.evidence();
    evidence.changes.remove(1);
    breaks(&desk.verify_both(&evidence, &[]), "a change is missing");
    let mut evidence = desk.evidence();
    evidence.lot = Some("B456".parse().unwrap());
    breaks(&desk.verify_both(&evidence, &[]), "the pack was commissioned with another lot");
}

#[test]
fn another_genesis_is_another_network() {
    let desk = Desk::new();
    let mut genesis = desk.story.network.genesis.clone();
    genesis.products[0].owner.0 = 2;
    desk.write_json("other.json", &genesis);
    desk.write_json("proof.json", &desk.evidence());
    let answer = desk.verify_with("proof.json", "other.json", &[]);
    breaks(&answer, "the issuer does not own the product");
    desk.write_json("proof.json", &desk.event());
    let answer = desk.verify_with("proof.json", "other.json", &[]);
    breaks(&answer, "the block belongs to another network");
}

#[test]
fn a_disclosure_of_another_event_breaks_at_the_commitment() {
    let desk = Desk::new();
    let mut fields = event_fields();
    fields[4].1 = "B456".to_owned();
    desk.write_json("event.json", &Disclosure::whole(&event_salt(), &fields));
    let answer = desk.verify_both(&desk.event(), &["--event", "event.json"]);
    breaks(&answer, "event in commitment: the fields shown are not those that were committed to");
    answer.says("✓ block 1 ", "is decided");
}

#[test]
fn programs_are_told_the_broken_link() {
    let desk = Desk::new();
    let mut receipt = desk.event();
    receipt.path.index = 1;
    let answer = desk.verify_both(&receipt, &["--json"]);
    assert_eq!(answer.code, 1);
    let json = answer.json();
    assert_eq!((&json["proven"], &json["facts"]), (&json!(false), &Value::Null));
    assert_eq!(json["broken"], json!("event in batch: the path leads to another root"));
}

/// Nothing that a forger writes can steer the reader's terminal.
#[test]
fn text_of_a_file_reaches_the_terminal_as_plain_text() {
    let desk = Desk::new();
    let receipt = desk.story.network.item_receipt(Height(4), 0, 0);
    let mut value = serde_json::to_value(&receipt).unwrap();
    value["\u{1b}[2J\u{202e}x"] = json!(1);
    desk.write_json("proof.json", &value);
    let answer = desk.verify("proof.json", &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(!answer.out.contains(['\u{1b}', '\u{202e}']));
    answer.says("note: ignored", "\u{fffd}[2J\u{fffd}x");
}
