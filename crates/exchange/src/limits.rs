//! Bounds on everything that a partner, or a stranger, can make this node hold or do.
//!
//! The sums, for `n` peers:
//!
//! - bytes of requests being read or worked on: [`INBOUND_BYTES_PER_PEER`] · n, so 24 MiB for four
//!   organisations and 2 GiB if all of [`PEERS_MAX`] contracted partners flood at the same moment;
//! - requests being worked on: [`Limits::inbound_in_flight`] · n;
//! - gossip waiting to be sent: [`GOSSIP_BYTES_MAX`] a peer, but peers share the bytes of one batch;
//! - sockets: [`CONNECTIONS_PER_PEER`] · n, and [`PENDING_LISTED`] + [`PENDING_UNLISTED`] that have not
//!   yet proved who they are and hold no more than one handshake message each.

use std::time::Duration;

/// Most peers a node keeps. The largest national medicines networks have tens of operators.
pub const PEERS_MAX: usize = 256;

/// Largest message, encoded, in bytes: the largest part of an event ([`PART_BYTES_MAX`], [`RECEIPT_BYTES_MAX`],
/// [`EVENT_ID_BYTES_MAX`]) and the largest batch each leave more than 900 KiB of it free.
pub const MESSAGE_BYTES_MAX: u32 = 2 * 1024 * 1024;

/// Largest reply, encoded, in bytes: version, kind, a code and a detail with their lengths.
pub const REPLY_BYTES_MAX: u32 = 2 + 4 + CODE_BYTES_MAX + 4 + DETAIL_BYTES_MAX;

/// Largest signed batch in a gossip message, in bytes: the ledger's bound, and its author, key and signature.
pub const BATCH_BYTES_MAX: u32 = ledger::limits::BATCH_BYTES_MAX as u32 + 4 * 1024;

/// Largest part of one event's disclosure in one message, in bytes.
pub const PART_BYTES_MAX: u32 = 1024 * 1024;

/// Largest disclosure of one event over all its parts, in bytes: the ledger's bound.
pub const DISCLOSURE_BYTES_MAX: usize = ledger::limits::DISCLOSURE_BYTES_MAX;

/// Largest receipt, in bytes: two Merkle paths of at most 32 hashes (2 KiB), two headers (1 KiB), and
/// a certificate of [`PEERS_MAX`] signatures of about 100 bytes (25 KiB), with room for hand-overs.
pub const RECEIPT_BYTES_MAX: u32 = 64 * 1024;

/// Longest event identifier, in bytes (a URI; EPCIS 2.0 sets no bound, `ni:` identifiers have about 90).
pub const EVENT_ID_BYTES_MAX: u32 = 1024;

/// Most events, or parts of events, on one page of a notice. Of minimal size they take 82 KB.
pub const PARTS_PER_PAGE_MAX: u32 = 4096;

/// Most pages of one notice: 512 MiB, or about forty events of 100,000 serials each (12 MB disclosed).
pub const PAGES_MAX: u16 = 512;

/// Page size the sender aims at, in bytes: small enough that wake-ups and batches on the same
/// connection do not wait behind a shipment.
pub const PAGE_BYTES_TARGET: u32 = 1024 * 1024;

/// Longest code of an alert or a refusal, in bytes.
pub const CODE_BYTES_MAX: u32 = 64;

/// Longest human-readable detail, in bytes.
pub const DETAIL_BYTES_MAX: u32 = 1024;

/// Longest serial number, in bytes (AI 21).
pub const SERIAL_BYTES_MAX: u32 = gs1::serial::CHARACTERS_MAX as u32;

/// Bytes of requests of one peer being read or worked on: four full messages.
pub const INBOUND_BYTES_PER_PEER: u32 = 4 * MESSAGE_BYTES_MAX;

/// Gossip messages that wait for one peer, at most.
pub const GOSSIP_COUNT_MAX: usize = 256;

/// Bytes of gossip that wait for one peer, at most: eight full batches.
pub const GOSSIP_BYTES_MAX: usize = 8 * BATCH_BYTES_MAX as usize;

/// How often one gossip message is tried for one peer before it is let go.
pub const GOSSIP_ATTEMPTS_MAX: u32 = 3;

/// Connections one peer may have: both sides dial, and both may come back while the old sockets are
/// not yet known to be dead.
pub const CONNECTIONS_PER_PEER: u32 = 4;

/// Inbound connections from addresses of listed peers that are still in their handshake.
pub const PENDING_LISTED: usize = 64;

/// Inbound connections from any other address that are still in their handshake.
pub const PENDING_UNLISTED: usize = 32;

/// Streams one connection works on: what the peer may have in flight and what we may.
pub const STREAMS_PER_CONNECTION: usize = 64;

/// Commands that wait for the network task.
pub const COMMANDS_MAX: usize = 256;

/// Time for TCP, Noise and yamux to be agreed; a silent stranger holds a slot no longer than this.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Time between pings on a connection: finds connections whose other end vanished without a word.
pub const PING_INTERVAL: Duration = Duration::from_secs(15);

/// Time a ping may take; two failures close the connection.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that lasted this long starts the reconnection schedule from its beginning.
pub const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Bounds that an operator may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time for one request and its reply, on both sides. A full message needs 17 s at 1 Mbit/s.
    pub request_timeout: Duration,
    /// Time the inbox may take for one message before the peer is told to come back.
    pub inbox_timeout: Duration,
    /// Messages of one peer that the inbox works on at a time. More are answered `Busy`.
    pub inbound_in_flight: u32,
    /// Messages one peer may send in a burst.
    pub inbound_burst: u32,
    /// Messages one peer may send a second, on average.
    pub inbound_per_second: u32,
    /// Requests to one peer that are under way at a time; further calls of `send` wait. Keep it,
    /// with the two of gossip, at or below the peer's `inbound_in_flight`.
    pub outbound_in_flight: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            inbox_timeout: Duration::from_secs(20),
            inbound_in_flight: 32,
            inbound_burst: 1_000,
            inbound_per_second: 500,
            outbound_in_flight: 16,
        }
    }
}
