//! Bounds on everything that peers, or a long history, could make grow, each with the sum that justifies it.

use std::time::Duration;

/// Longest encoded block, as the ledger has it: 4 MiB. The engine sends a value-sync response of at most 10 MiB
/// and a block must fit in one with its certificate (128 signatures of 84 bytes): two do.
pub use ledger::limits::BLOCK_BYTES_MAX;

/// Payload of one proposal part. The engine's cap on one pub-sub message is 4 MiB; smaller parts let the
/// receiver's link work while the sender still writes.
pub const PART_BYTES: usize = 256 * 1024;

/// Parts of the longest block: 4 MiB / 256 KiB.
pub const PARTS_MAX: usize = BLOCK_BYTES_MAX.div_ceil(PART_BYTES);

/// Proposal streams in flight that one peer may have open: one for the running round, one for the next
/// height, and as many restreams. A peer can thus hold 4 × 4 MiB = 16 MiB.
pub const STREAMS_PER_PEER: usize = 4;

/// Stream identifiers are height, round and a counter: 8 + 4 + 4 bytes. Longer ones are refused.
pub const STREAM_ID_BYTES_MAX: usize = 16;

/// Complete proposals kept for a height that has not started here: one a peer, 8 × 4 MiB = 32 MiB in all.
pub const PENDING_PROPOSALS_MAX: usize = 8;

/// How far above the height in progress a complete proposal is kept. A peer can be one height ahead when it is
/// first to see a quorum; anything further comes by value sync.
pub const PENDING_HEIGHTS_AHEAD: u64 = 2;

/// Validators, and so signatures of one kind in a certificate.
pub use ledger::limits::VALIDATORS_MAX;

/// Signatures in any certificate on the wire: two votes for each validator.
pub const SIGNATURES_MAX: usize = 2 * VALIDATORS_MAX;

/// Decided blocks asked for in one value-sync request. A response is cut at 10 MiB in any case.
pub const SYNC_BATCH_MAX: usize = 16;

/// Length of a public key or libp2p peer id on the wire: SEC1 compressed keys take 33 bytes, secp256k1 peer ids 39.
pub const IDENTITY_BYTES_MAX: usize = 64;

/// Total voting power: the engine multiplies it by three in 64 bits.
pub const POWER_TOTAL_MAX: u64 = u32::MAX as u64;

/// Connections from one address. Four services on one machine share it, with two connections a pair while both
/// dial; unknown peers are cut after identification.
pub const CONNECTIONS_PER_IP_MAX: usize = 64;

/// A segment of the store is closed after the first decision that takes it past this length: one scan at start
/// reads at most this and one block.
pub const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Wait between attempts to commit while the application is not available: doubled up to the second value.
pub const COMMIT_RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Attempts to start the engine again after it stopped by itself, with one second between them, before the node
/// reports itself halted. Reset by every decided height.
pub const ENGINE_RESTARTS_MAX: u32 = 5;

/// Heights a node that lost its store must see decided live, in a row, before it votes again. It may have voted
/// up to two heights above the others' last: one that only it saw decided, and the one after.
pub const FOLLOW_HEIGHTS: u32 = 2;

/// Blocks are read for one value-sync response until they exceed this; the engine cuts the response at 10 MiB.
pub const SYNC_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

/// How often a follower asks the network to go on to the height it is at, so that it soon sees heights decided
/// live. A message to peers can be lost with the connection it was on, and a follower has no vote to repeat.
pub const NUDGE: Duration = Duration::from_millis(500);

/// How often a node looks for connected peers that did not subscribe to its messages. It connects anew to those it
/// finds twice, so after one to two of these; subscribing takes one way of the network.
pub const SURVEY: Duration = Duration::from_secs(1);
