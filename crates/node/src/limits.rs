//! Bounds of a node, each with the sum that justifies it.

use std::time::Duration;

/// Batches of one organisation that are in no decided block yet: enough to fill the next block while one is
/// being decided.
pub const BATCHES_IN_FLIGHT_MAX: usize = 3;
/// Batches of one organisation in the mempool: what it may have in flight, and as much again for re-signed ones.
pub const MEMPOOL_BATCHES_PER_ORGANISATION: usize = 8;
/// Bytes of one block's batches: the bound of a block less its header and lengths.
pub const PROPOSAL_BYTES_MAX: usize = ledger::limits::BLOCK_BYTES_MAX - 4096;
/// Bytes of updates in a batch: the bound of a batch less header, changes and signature.
pub const BATCH_ITEM_BYTES_MAX: u64 = (ledger::limits::BATCH_BYTES_MAX - 64 * 1024) as u64;
/// Rows that one batch takes from the outbox: as many as its events may be.
pub const BATCH_ROWS_MAX: u32 = ledger::limits::BATCH_EVENTS_MAX;
/// A batch that is in no block after this long is sent again.
pub const RESEND_AFTER: Duration = Duration::from_millis(1_000);
/// How much longer rows are gathered while a batch is on its way: the next block is some way off, and fewer batches cost
/// every node less.
pub const GATHER_IN_FLIGHT: u32 = 4;
/// How often each loop looks at the database even when nobody woke it: signals make it quick, and it must cost an
/// idle service next to nothing.
pub const POLL: Duration = Duration::from_secs(2);
/// The shortest wait for a message that is about to be due.
pub const SOON: Duration = Duration::from_millis(10);
/// How long to wait before trying again when the database is away.
pub const RETRY: Duration = Duration::from_millis(250);
/// How long a node that starts waits for the signer's lock: PostgreSQL notices within moments that a process that was
/// killed is gone, on a busy machine within seconds.
pub const SIGNER_PATIENCE: Duration = Duration::from_secs(10);
/// The pause after a block, for each update in it: a block of 100 changes is followed by as long a pause as it took.
pub const REST_PER_UPDATE: Duration = Duration::from_micros(300);
/// The shortest pause after a block: a change that comes in it is in the next block, not in the one after.
pub const REST_LEAST: Duration = Duration::from_millis(8);
/// The longest pause after a block: 10 blocks a second, which hold 500,000 changes.
pub const REST_MOST: Duration = Duration::from_millis(60);
/// How long the last block's roots wait for a block with batches to carry them, before an empty one does: batches that
/// come meanwhile need not wait behind it.
pub const ROOTS_AFTER: Duration = Duration::from_millis(50);
/// Messages taken for sending at once.
pub const DELIVERIES_MAX: u32 = 32;
/// Shipments turned into notices at once.
pub const SHIPMENTS_MAX: u32 = 16;
/// Events that one notice carries: a truck of 15 pallets of 3,000 packs that were commissioned one by one. With their
/// receipts they are 4 kB each, together 200 MB, within the pages of a notice ([`exchange::limits::PAGES_MAX`]).
pub const NOTICE_EVENTS_MAX: u32 = 50_000;
/// Objects that one notice tells of: as many as one event may move.
pub const NOTICE_OBJECTS_MAX: u32 = 200_000;
