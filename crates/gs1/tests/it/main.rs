//! Third-party vectors and properties of the crate's public interface.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy's own exception covers test functions only"
)]

mod differential;
mod epc_vectors;
mod keyboards;
mod lint_vectors;
#[path = "../../../xtask/oracles/oracle.rs"]
mod oracle;
mod properties;
mod random;
mod syntax_engine;
mod table;
mod vectors;
mod wedges;
