//! Every domain tag, in one place: no two of the ledger's hashes or signatures can stand for one another.
//!
//! A tag is hashed after its length, which is never 0 or 1, the prefixes of RFC 6962 leaves and nodes.

/// Network identity: over the genesis.
pub const NETWORK: &str = "theriac.network.v1";
/// A pack, blinded: over GTIN and serial number.
pub const PACK: &str = "theriac.pack.v1";
/// A record key: over issuer and pack.
pub const RECORD_KEY: &str = "theriac.record-key.v1";
/// A possession opening: over GTIN, serial number and version.
pub const OPENING: &str = "theriac.opening.v1";
/// A possession lock: over an opening.
pub const LOCK: &str = "theriac.lock.v1";
/// A lot label tag: over GTIN, serial number and lot.
pub const LOT: &str = "theriac.lot-tag.v1";
/// An expiry label tag: over GTIN, serial number and the resolved date.
pub const EXPIRY: &str = "theriac.expiry-tag.v1";
/// A site tag: over the next opening and the GLN.
pub const SITE: &str = "theriac.site-tag.v1";
/// The salt of one field of an event: over the event's salt and the field's index.
pub const FIELD_SALT: &str = "theriac.field-salt.v1";
/// One field of an event: over its salt, name and value.
pub const FIELD: &str = "theriac.field.v1";
/// An event's commitment: over version, field count and root.
pub const COMMITMENT: &str = "theriac.commitment.v1";
/// A leaf that pads a batch's events: over the organisation's secret and the leaf's number.
pub const PADDING: &str = "theriac.padding.v1";
/// An organisation's padding secret: over its private key.
pub const PADDING_SECRET: &str = "theriac.padding-secret.v1";
/// A batch: over its header.
pub const BATCH: &str = "theriac.batch.v1";
/// What the organisation signs of a batch.
pub const BATCH_SIGNATURE: &str = "theriac.batch-signature.v1";
/// A block: over its header.
pub const BLOCK: &str = "theriac.block.v1";
/// Status root until the status map exists: over the previous root and the records changed.
pub const STATUS_ROOT: &str = "theriac.status-root.v1";
/// Directory root: over the entries' root and the batch chains' tips.
pub const DIRECTORY_ROOT: &str = "theriac.directory-root.v1";
/// A validator's address: over its public key.
pub const ADDRESS: &str = "theriac.address.v1";
/// A set of validators.
pub const VALIDATORS: &str = "theriac.validators.v1";
/// What a validator signs when it votes.
pub const VOTE: &str = "theriac.vote.v1";
/// What a validator signs when it proposes.
pub const PROPOSAL: &str = "theriac.proposal.v1";
/// What a validator signs of the parts of a proposal.
pub const PROPOSAL_PARTS: &str = "theriac.proposal-parts.v1";
/// What governors sign of a governed change: over network, number, height and act.
pub const GOVERNED_CHANGE: &str = "theriac.governed-change.v1";

/// A leaf of a Merkle map: over key and value.
pub const MAP_LEAF: &str = "theriac.map-leaf.v1";
/// An inner node of a Merkle map: over its two children.
pub const MAP_NODE: &str = "theriac.map-node.v1";
/// Key of the entry that tells a map's height: over nothing.
pub const MAP_HEIGHT: &str = "theriac.map-height.v1";

/// All of them; a test holds that they are distinct.
pub const ALL: [&str; 27] = [
    NETWORK,
    PACK,
    RECORD_KEY,
    OPENING,
    LOCK,
    LOT,
    EXPIRY,
    SITE,
    FIELD_SALT,
    FIELD,
    COMMITMENT,
    PADDING,
    PADDING_SECRET,
    BATCH,
    BATCH_SIGNATURE,
    BLOCK,
    STATUS_ROOT,
    DIRECTORY_ROOT,
    ADDRESS,
    VALIDATORS,
    VOTE,
    PROPOSAL,
    PROPOSAL_PARTS,
    GOVERNED_CHANGE,
    MAP_LEAF,
    MAP_NODE,
    MAP_HEIGHT,
];

#[cfg(test)]
mod tests {
    #[test]
    fn tags_are_distinct_and_their_lengths_are_no_tree_prefix() {
        let set: std::collections::BTreeSet<_> = super::ALL.iter().collect();
        assert_eq!(set.len(), super::ALL.len());
        assert!(super::ALL.iter().all(|tag| (2..=255).contains(&tag.len())));
    }
}
