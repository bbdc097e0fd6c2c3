//! What `theriac network` says of a genesis file.

use crate::kit::{Answer, Desk};

fn network(desk: &Desk, arguments: &[&str]) -> Answer {
    desk.run(&[&["network"], arguments].concat())
}

#[test]
fn a_genesis_names_its_network_and_its_members() {
    let desk = Desk::new();
    let answer = network(&desk, &["genesis.json"]);
    assert_eq!(answer.code, 0, "{}", answer.err);
    answer.says("network", &desk.story.network.state.network.to_string());
    answer.says("1 ", "votes    16Uiu2HA");
    answer.says("4 ", "Example regulator 4");
    let json = network(&desk, &["genesis.json", "--json"]).json();
    assert_eq!(json["members"].as_array().unwrap().len(), 4);
    assert_eq!(json["members"][2]["role"], "pharmacy");
    let peer = json["members"][0]["peer"].as_str().unwrap();
    assert!(answer.out.contains(peer), "both forms say the same");
}

#[test]
fn a_changed_genesis_is_another_network() {
    let desk = Desk::new();
    let mut genesis = desk.story.network.genesis.clone();
    genesis.time_ms += 1;
    desk.write_json("other.json", &genesis);
    let first = |file| network(&desk, &[file]).out.lines().next().unwrap().to_owned();
    assert_ne!(first("genesis.json"), first("other.json"));
}

#[test]
fn what_is_no_genesis_cannot_be_used() {
    let desk = Desk::new();
    desk.write("nothing.json", "{}");
    for file in ["nothing.json", "missing.json"] {
        let answer = network(&desk, &[file]);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{}", answer.err);
        assert!(answer.err.contains(file), "{}", answer.err);
    }
}
