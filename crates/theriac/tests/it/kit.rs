//! Files for the executable, and what it says about them.

use std::path::PathBuf;
use std::process::Command;

use ledger::evidence::Evidence;
use ledger::receipt::{EventReceipt, ItemReceipt};
use ledger::testkit::{self, LOT, Story};
use ledger::{Canonical, Height};
use serde::Serialize;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with the story's genesis.
pub struct Desk {
    folder: TempDir,
    pub story: Story,
}

/// What the executable answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    /// Asserts that some line begins with `start` and contains `part`.
    pub fn says(&self, start: &str, part: &str) {
        let found = self.out.lines().any(|line| line.starts_with(start) && line.contains(part));
        assert!(found, "no line `{start}… {part}` in:\n{}\n{}", self.out, self.err);
    }

    /// The answer in JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Desk {
    pub fn new() -> Self {
        let desk = Desk { folder: tempfile::tempdir().unwrap(), story: testkit::story() };
        desk.write_json("genesis.json", &desk.story.network.genesis);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub fn write_json(&self, name: &str, value: &impl Serialize) {
        self.write(name, serde_json::to_vec_pretty(value).unwrap());
    }

    /// Runs `theriac verify FILE --genesis genesis.json` with more arguments; those without a dash name files.
    pub fn verify(&self, file: &str, more: &[&str]) -> Answer {
        self.verify_with(file, "genesis.json", more)
    }

    pub fn verify_with(&self, file: &str, genesis: &str, more: &[&str]) -> Answer {
        self.run(&[&["verify", file, "--genesis", genesis], more].concat())
    }

    /// Runs `theriac` in the folder.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let output = Command::new(env!("CARGO_BIN_EXE_theriac"))
            .current_dir(self.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        Answer {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Verifies a value as JSON and in canonical encoding; both say the same.
    pub fn verify_both(&self, value: &(impl Serialize + Canonical), more: &[&str]) -> Answer {
        self.write_json("proof.json", value);
        self.write("proof.bin", value.to_bytes());
        let (text, binary) = (self.verify("proof.json", more), self.verify("proof.bin", more));
        assert_eq!((text.code, &text.out), (binary.code, &binary.out));
        text
    }

    /// Receipt of the story's first event.
    pub fn event(&self) -> EventReceipt {
        self.story.network.event_receipt(Height(1), 0, 0)
    }

    /// Receipt of the dispense that was refused.
    pub fn refused(&self) -> ItemReceipt {
        self.story.network.item_receipt(Height(2), 1, 0)
    }

    /// Evidence of the pack that was dispensed, taken back and recalled.
    pub fn evidence(&self) -> Evidence {
        let lot = LOT.parse().unwrap();
        self.story.network.evidence(&self.story.packs["S1"], Some(&lot))
    }
}
