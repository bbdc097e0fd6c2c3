//! Third-party vectors and properties of the crate's public interface.

mod epc_vectors;
mod keyboards;
mod lint_vectors;
mod properties;
mod syntax_engine;
mod table;
mod vectors;
mod wedges;
