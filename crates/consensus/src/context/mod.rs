//! The types the engine is generic over. Everything generic over the engine is compiled again when they change:
//! keep behaviour out of this module.

mod chain;
mod message;
mod part;
mod validators;

pub(crate) use chain::{Chain, Height};
pub(crate) use message::{BlockId, Proposal, Vote};
pub(crate) use part::{Init, Part};
pub(crate) use validators::{Address, Validator, Validators};

pub(crate) use arc_malachitebft_app_channel::app::types::core as engine;
pub(crate) use arc_malachitebft_signing_ecdsa::{K256, K256Config};
pub(crate) type PublicKey = arc_malachitebft_signing_ecdsa::PublicKey<K256Config>;
pub(crate) type PrivateKey = arc_malachitebft_signing_ecdsa::PrivateKey<K256Config>;
pub(crate) type Signature = arc_malachitebft_signing_ecdsa::Signature<K256Config>;
