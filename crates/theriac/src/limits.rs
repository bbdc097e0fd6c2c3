//! Bounds on the files that are read.

use ledger::limits::{DISCLOSURE_BYTES_MAX, EVIDENCE_RECEIPTS_MAX, VALIDATORS_MAX};

/// A proof. Evidence has up to twice 64 receipts, each with two certificates of up to 128 signatures of some 250
/// characters in JSON, and as much again for everything else: 8 MiB of signatures, 16 MiB in all.
pub const PROOF_BYTES_MAX: usize = 4 * EVIDENCE_RECEIPTS_MAX * VALIDATORS_MAX * 256 * 2;
/// A genesis: some 100,000 products of 300 characters and 10,000 organisations are 40 MiB.
pub const GENESIS_BYTES_MAX: usize = 64 << 20;
/// A disclosure: hexadecimal salts double what the ledger permits.
pub const EVENT_BYTES_MAX: usize = 2 * DISCLOSURE_BYTES_MAX;
/// Fields of a disclosed event that are printed; of more, the number.
pub const FIELDS_SHOWN_MAX: usize = 1_000;

/// Longest calibration, in bytes: a hundred characters of at most a dozen bytes each, in JSON.
pub const CALIBRATION_BYTES_MAX: usize = 64 << 10;

/// Blocks that an audit reads and checks at once: enough work for all processors.
pub const AUDIT_BLOCKS_PAGE: u32 = 64;
/// Batches that an audit reads at once: of the largest, of 1 MiB each, 32 MiB.
pub const AUDIT_BATCHES_PAGE: u32 = 32;
/// Rows with bodies that an audit checks at once.
pub const AUDIT_CHUNK_ROWS: usize = 512;
/// Bytes after which it does not wait for more rows: a few chunks are in memory at a time.
pub const AUDIT_CHUNK_BYTES: usize = 8 << 20;
/// Events and heights whose rows beside them differ and that are looked at row by row; each hundred costs a scan of the
/// table. What is beyond is told without saying which row it is.
pub const AUDIT_DETAILS_MAX: usize = 1_000;
/// How many of them are looked at in one scan.
pub const AUDIT_DETAILS_AT_ONCE: usize = 100;
