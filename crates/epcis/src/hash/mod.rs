//! The Event Hash ID (CBV 2.0 section 8.9.2; draft of CBV 2.1), as its maintained reference implementation computes it.
//!
//! It identifies events and finds duplicates. It is no commitment: different events can have the same one (`00123` and
//! `123` are one lot number to it, values run into each other, error declarations do not count). For a commitment
//! use [`Event::fields`].

mod render;
mod value;

use sha2::{Digest, Sha256};

use crate::model::Event;

/// The version of the Core Business Vocabulary whose rules an Event Hash ID follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CbvVersion {
    /// CBV 2.0, ratified 2022.
    V2_0,
    /// CBV 2.1 as drafted: `sensorElementList` is named, extensions stay beside the fields they extend.
    V2_1Draft,
}

impl CbvVersion {
    /// The version in the identifier: `CBV2.0` or `CBV2.1`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2_0 => "CBV2.0",
            Self::V2_1Draft => "CBV2.1",
        }
    }
}

impl Event {
    /// The text over which the Event Hash ID is computed.
    pub fn pre_hash(&self, version: CbvVersion) -> String {
        render::Renderer::new(self, version).event()
    }

    /// The Event Hash ID: `ni:///sha-256;` and 64 hexadecimal digits, `?ver=` and the version (RFC 6920).
    pub fn hash_id(&self, version: CbvVersion) -> String {
        let digest = Sha256::digest(self.pre_hash(version).as_bytes());
        format!("ni:///sha-256;{}?ver={}", hex::encode(digest), version.as_str())
    }
}
