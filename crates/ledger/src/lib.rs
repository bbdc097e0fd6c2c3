#![doc = include_str!("../README.md")]

pub mod batch;
pub mod block;
pub mod certificate;
pub mod codec;
pub mod commitment;
pub mod directory;
pub mod evidence;
pub mod execute;
pub mod genesis;
pub mod hash;
pub mod keys;
pub mod limits;
pub mod link;
pub mod map;
pub mod merkle;
pub mod prove;
pub mod receipt;
pub mod rules;
pub mod sign;
pub mod status;
pub mod tags;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod trust;
pub mod validators;

pub use batch::{Batch, BatchHeader, Item, SignedBatch};
pub use block::{Block, BlockHeader, Height};
pub use certificate::Certificate;
pub use codec::{Canonical, DecodeError, Reader, Writer};
pub use directory::{Directory, DirectoryChange, Organisation, OrganisationId, Product};
pub use execute::{ChainState, Execution, InvalidBlock, Outcome, execute};
pub use genesis::Genesis;
pub use hash::Hash;
pub use keys::PackIdentity;
pub use map::{Map, MapProof};
pub use rules::Rules;
pub use sign::{PublicKey, Signature, SigningKey};
pub use status::{StatusRecord, StatusUpdate};
pub use validators::{Address, Validator, ValidatorSet};
