//! The real executable on real files: proofs of the ledger's test kit, as JSON and in canonical encoding.

mod broken;
mod kit;
mod proven;
mod unusable;
