//! Other nodes beside the one that makes the blocks: they know of the chain what they decoded, hold it in another
//! order and split otherwise, and must come to the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::directory::Entry;
use ledger::execute::{Execution, record_keys};
use ledger::testkit::Network;
use ledger::{Block, Canonical, ChainState, Directory, Hash, StatusRecord, execute};

use super::Dice;

/// Two of them.
pub struct Others {
    /// Keeps its state in memory and hands every record it has to each execution.
    steady: (ChainState, BTreeMap<Hash, StatusRecord>),
    /// Starts anew before every other block or so: from entries in any order and records on one of several shelves, all as bytes.
    restarted: ChainState,
    entries: Vec<Vec<u8>>,
    shelves: [Vec<(Hash, Vec<u8>)>; 3],
}

impl Others {
    pub fn beside(network: &Network) -> Self {
        let state = &network.state;
        Others {
            steady: (state.clone(), BTreeMap::new()),
            restarted: state.clone(),
            entries: state.directory.entries().map(|entry| entry.to_bytes()).collect(),
            shelves: Default::default(),
        }
    }

    /// Both execute a decided block and are compared with the first node.
    pub fn follow(&mut self, block: &[u8], first: &Network, dice: &mut Dice) {
        let block = Block::from_bytes(block).unwrap();
        let steady = execute(&self.steady.0, &block, self.steady.1.clone());
        self.steady.1.extend(steady.records.clone());
        assert_eq!(self.steady.1, first.records);
        same(&steady, first);
        self.steady.0 = steady.state;

        if dice.one_in(2) {
            self.restart(dice);
        }
        let restarted = execute(&self.restarted, &block, self.load(&block));
        same(&restarted, first);
        self.store(&restarted);
        self.restarted = restarted.state;
    }

    fn restart(&mut self, dice: &mut Dice) {
        for at in (1..self.entries.len()).rev() {
            self.entries.swap(at, dice.below(at as u64 + 1) as usize);
        }
        let entries = self.entries.iter().map(|bytes| Entry::from_bytes(bytes).unwrap());
        let (rules, validators) =
            (self.restarted.directory.rules().clone(), self.restarted.directory.validators().clone());
        let directory = Directory::of(entries, rules, validators);
        assert_eq!(directory.root(), self.restarted.entries_root);
        self.restarted.directory = Arc::new(directory);
    }

    fn load(&self, block: &Block) -> BTreeMap<Hash, StatusRecord> {
        let wanted = record_keys(block);
        let stored = self.shelves.iter().rev().flatten().filter(|(key, _)| wanted.contains(key));
        stored.map(|(key, bytes)| (*key, StatusRecord::from_bytes(bytes).unwrap())).collect()
    }

    fn store(&mut self, execution: &Execution) {
        for (key, record) in &execution.records {
            let shelf = &mut self.shelves[usize::from(key.0[0] % 3)];
            shelf.retain(|(other, _)| other != key);
            shelf.push((*key, record.to_bytes()));
        }
        for entry in &execution.entries {
            let name = |entry: &Entry| (entry.kind(), entry.key());
            self.entries.retain(|bytes| name(&Entry::from_bytes(bytes).unwrap()) != name(entry));
            self.entries.push(entry.to_bytes());
        }
    }
}

fn same(execution: &Execution, first: &Network) {
    let own = &first.blocks.last().unwrap().execution;
    assert_eq!(execution.outcomes, own.outcomes, "outcomes of one block at two nodes");
    assert_eq!(execution.state, first.state, "two executions of one block");
    assert_eq!(execution.state.directory.root(), execution.state.entries_root);
    assert_eq!(execution.state.directory_root(), first.state.directory_root());
}
