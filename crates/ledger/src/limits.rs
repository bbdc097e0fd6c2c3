//! Bounds on everything that comes from outside, each with the sum that justifies it.

/// A block, encoded: 4 MiB. At about 120 bytes a commission that is 34,000 packs a block; two blocks a
/// second of that size carry four times the throughput aimed at.
pub const BLOCK_BYTES_MAX: usize = 4 << 20;
/// A batch, encoded: 1 MiB, so that a block always has room for the batches of four organisations.
pub const BATCH_BYTES_MAX: usize = 1 << 20;
/// Status updates in a batch: the smallest takes 115 bytes, so 8,192 of the largest (191 bytes) stay
/// under 1.5 MiB and the byte bound decides for mixed batches.
pub const BATCH_UPDATES_MAX: usize = 8_192;
/// Directory changes in a batch: 256 of at most 2 kB each are half a batch.
pub const BATCH_CHANGES_MAX: usize = 256;
/// Events anchored by a batch, before padding; padded to a power of four.
pub const BATCH_EVENTS_MAX: u32 = 4_096;
/// Batches in a block: a thousand organisations with one each.
pub const BLOCK_BATCHES_MAX: usize = 1_024;
/// Validators: a certificate of 128 signatures of 84 bytes is 11 kB.
pub const VALIDATORS_MAX: usize = 128;
/// A text in the directory (name, form, strength, reason), in bytes.
pub const TEXT_BYTES_MAX: usize = 512;
/// Sites, company prefixes and keys of one organisation.
pub const ORGANISATION_LIST_MAX: usize = 10_000;
/// Siblings on a path in any tree of the ledger: leaves are counted in 32 bits.
pub const PATH_MAX: usize = 32;
/// Fields of one event: 100,000 serial numbers and what surrounds them, ten times over.
pub const EVENT_FIELDS_MAX: u32 = 1 << 20;
/// Bytes of one disclosure: names and values of an event with 100,000 serials are about 12 MB.
pub const DISCLOSURE_BYTES_MAX: usize = 64 << 20;
/// Updates whose receipts one piece of evidence carries: a pack changes state a few times in its life.
pub const EVIDENCE_RECEIPTS_MAX: usize = 64;
/// Heights from the block that includes a governed change to the one in which it takes effect, at least: the header
/// between them names the validators of the latter.
pub const EFFECTIVE_AHEAD_MIN: u64 = 2;
/// The same, at most: at a block a second, more than eleven days.
pub const EFFECTIVE_AHEAD_MAX: u64 = 1_000_000;
/// Governed changes that wait for their height: people decide few in eleven days.
pub const GOVERNED_PENDING_MAX: usize = 64;
/// Governed changes in a batch: with [`VALIDATORS_MAX`] signatures each, 512 verifications of some 0.1 ms at most.
pub const BATCH_GOVERNED_MAX: usize = 4;
/// Weight of one validator's vote: the sum over [`VALIDATORS_MAX`], three times, is far within 64 bits.
pub const VALIDATOR_POWER_MAX: u64 = 1_000_000;
/// Hand-overs that a verifier follows from genesis or checkpoint: at one a month, more than eighty years.
pub const HANDOVERS_MAX: usize = 1_024;
/// Keys that one proof of a map speaks of: a pack with its product, its issuer and what stops them are a handful.
pub const MAP_PROOF_KEYS_MAX: usize = 16;
/// Nodes of one proof of a map: of each key's way at most 256 inner ones, each with two children, and the root. A map of
/// a billion entries needs about 70 a key; 8,193 of them are half a megabyte at most.
pub const MAP_PROOF_NODES_MAX: usize = 2 * 256 * MAP_PROOF_KEYS_MAX + 1;
