//! Bounds of everything that comes from outside over HTTP, and the sums behind them.

use std::time::Duration;

/// Longest `Authorization` value that is looked at: `Bearer thk_` and 64 hexadecimal digits are 75 bytes.
pub const AUTHORIZATION_BYTES_MAX: usize = 128;

/// Longest `Idempotency-Key`. A UUID has 36 characters; ERP systems that build theirs from a document number
/// and a line stay under 200.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// Longest `X-Request-Id` taken over from a caller: four UUIDs joined by hyphens are 147.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

/// Most faults listed in one problem document. At about 200 bytes each a full list stays under 32 kB, and nobody
/// mends a document by more than the first hundred faults at a time.
pub const FAULTS_MAX: usize = 100;

/// Longest text quoted from a parser in a fault. Parsers quote the input; a page of it helps no one.
pub const FAULT_MESSAGE_CHARS_MAX: usize = 300;

/// Default limit of a JSON body. The largest is a list of 1,000 packs at about 200 bytes: 200 kB.
pub const JSON_BODY_BYTES_DEFAULT: u64 = 1024 * 1024;

/// Default limit of a captured EPCIS document: 100,000 serials at about 80 bytes, in XML with its tags about
/// 12 MB; two such events and their packing fit.
pub const CAPTURE_BODY_BYTES_DEFAULT: u64 = 32 * 1024 * 1024;

/// Largest limit of a captured document that a configuration may set. A body is held in memory once.
pub const CAPTURE_BODY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Most API keys remembered. An entry is about 300 bytes, so the cache stays under 3 MB; an organisation with
/// more clients than this still works, by asking PostgreSQL.
pub const KEY_CACHE_ENTRIES_MAX: usize = 8_192;

/// How long a remembered API key is used without a look-up. A revoked key that is in use stops working after at
/// most this time and one look-up.
pub const KEY_FRESH_MS: u64 = 2_000;

/// How long a remembered API key may be used while one request renews it. Revocation is complete after this,
/// whatever happens.
pub const KEY_STALE_MS: u64 = 5_000;

/// Look-ups of keys that are not remembered, per second, from one address. Who guesses keys cannot take more than this
/// from PostgreSQL; behind one proxy, a restart of a chain of 5,000 pharmacies is through in ten seconds.
pub const UNKNOWN_KEYS_PER_SECOND: u32 = 500;

/// The same from all addresses together: a tenth of what PostgreSQL answers on two cores.
pub const UNKNOWN_KEYS_OF_ALL_PER_SECOND: u32 = 2_000;

/// Most addresses whose unknown keys are counted apart: at 100 bytes each under 1 MB. All others share one count.
pub const STRANGERS_MAX: usize = 8_192;

/// Seconds that a body may take to begin with: a JSON body of 1 MiB takes 9 over a line of 1 Mbit/s.
pub const BODY_SECONDS_DEFAULT: u64 = 30;

/// What a body gains for itself: a second for each of these bytes that came. So a document of 32 MiB may take nine
/// minutes as long as it keeps coming at 0.5 Mbit/s, and who sends single bytes is done after [`BODY_SECONDS_DEFAULT`].
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 64 * 1024;

/// Most answers kept byte for byte under an idempotency key. The largest is a list of 1,000 outcomes.
pub const IDEMPOTENT_ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Seconds after which a caller is asked to come back when the database does not answer. PostgreSQL restarts in
/// about this time.
pub const RETRY_AFTER_UNAVAILABLE_SECONDS: u32 = 2;

/// Seconds after which a caller is asked to come back when a queue is full: queues hold less than a second of work.
pub const RETRY_AFTER_OVERLOAD_SECONDS: u32 = 1;

/// Status updates in one outbox row: at about 120 bytes each a row stays near 256 kB, and four rows fill a batch.
pub const OUTBOX_UPDATES_MAX: usize = 2_048;

/// Events in one captured document. A line that aggregates 100,000 packs in cases of ten writes 10,000 of them.
pub const CAPTURE_EVENTS_MAX: usize = 100_000;

/// Identifiers after which a page of a captured document is full: about 4 MB of rows, stored in a third of a second.
/// (An event is never divided; one with 100,000 is a page.)
pub const PAGE_IDENTIFIERS_MAX: usize = 10_000;

/// Events after which a page of a captured document is full.
pub const PAGE_EVENTS_MAX: usize = 2_000;

/// Events on one page of a query. An event with 100,000 identifiers is 8 MB of JSON, so a page of the largest stays
/// under a gigabyte, and an ordinary one is some 100 kB.
pub const EVENTS_PER_PAGE_MAX: u32 = 100;

/// How long the token of a next page is said to be good: a day. It holds no state here.
pub const PAGE_TOKEN_MS: u64 = 24 * 60 * 60 * 1_000;

/// Problem documents that one capture job keeps: at about 1 kB each a megabyte.
pub const JOB_ERRORS_MAX: usize = 1_000;

/// How often the capture worker looks for jobs that it was not told of: those of another process, or of the one
/// before this.
pub const CAPTURE_LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long the capture worker waits when the database is away.
pub const CAPTURE_RETRY: Duration = Duration::from_millis(250);

/// Objects moved by one event, with all that is packed in them: a container of 100,000 packs and their cases.
pub const HIERARCHY_OBJECTS_MAX: u32 = 200_000;

/// How often the chain is looked at when no signal comes: what a lost connection to PostgreSQL costs at most.
pub const FOLLOW_EVERY: Duration = Duration::from_secs(1);

/// How often those who wait for finality are looked after without a signal. It matters only when a block was final
/// between a commit and the registration of its waiter, or a signal was lost.
pub const FINALITY_LOOK_EVERY: Duration = Duration::from_millis(50);

/// Most changes whose fate one query asks for: 8,192 rows of 48 bytes are 400 kB of parameters.
pub const FATES_PER_QUERY_MAX: usize = 8_192;

/// How long the same client is given the same alert for the same answer about the same pack: longer than it takes to
/// scan a pack again, shorter than it takes to fetch another one with the same label.
pub const ALERT_REPEAT_MS: u64 = 60_000;

/// Most alerts remembered for that: at 100 bytes each 1 MB.
pub const RECENT_ALERTS_MAX: usize = 10_000;

/// Most that can be done about one alert: an investigation of months, with a note each working day.
pub const ALERT_ACTIONS_MAX: usize = 100;

/// Longest reason, case number or name that a client gives, in characters; the ledger takes 512 bytes of text.
pub const TEXT_CHARS_MAX: usize = 120;

/// Most objects of one shipment by name. A lorry takes 66 pallets; a wholesaler's tour to one pharmacy 1,000 packs.
pub const SHIPMENT_ITEMS_MAX: usize = 1_000;

/// Longest name of a query, in characters: it is a segment of an address.
pub const QUERY_NAME_CHARS_MAX: usize = 100;

/// Longest named query as JSON: a list of 1,000 identifiers at 60 bytes.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;

/// Named queries of one client. A warehouse system has one for each of its interfaces.
pub const QUERIES_PER_CLIENT_MAX: u64 = 100;

/// Webhook subscriptions of one client.
pub const SUBSCRIPTIONS_PER_CLIENT_MAX: u64 = 100;

/// Open WebSockets of one client: one for each screen of a control room.
pub const SOCKETS_PER_CLIENT_MAX: usize = 16;

/// Open WebSockets of one process: with [`FRAMES_UNANSWERED_MAX`] frames of [`DELIVERY_BYTES_MAX`] each 512 MB at worst.
pub const SOCKETS_MAX: usize = 256;

/// Longest destination of a subscription.
pub const DESTINATION_BYTES_MAX: usize = 2_048;

/// Events of one delivery, read at once: as [`EVENTS_PER_PAGE_MAX`], for the same reason.
pub const DELIVERY_EVENTS_MAX: u32 = 100;

/// Bytes of events after which a delivery is full: what web servers take by default. An event is never divided; one that
/// is larger is a delivery of its own.
pub const DELIVERY_BYTES_MAX: usize = 1024 * 1024;

/// Deliveries under way at once. Receivers that do not answer hold one each for [`DELIVERY_TIMEOUT`], and then back off.
pub const DELIVERIES_AT_ONCE: usize = 16;

/// How long a connection to a receiver may take, name resolution and TLS included.
pub const DELIVERY_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a delivery may take, with all of the receiver's answer that is read.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a delivery belongs to the process that makes it: [`DELIVERY_TIMEOUT`], and time for two transactions. After
/// that the process is taken for dead, and another delivers the same again.
pub const DELIVERY_LEASE_MS: u64 = 120_000;

/// Most addresses of a receiver that are tried.
pub const DELIVERY_ADDRESSES_MAX: usize = 4;

/// Bytes read of a receiver's answer: its head, and as much of its body. Nothing in it matters but status and
/// `Retry-After`.
pub const DELIVERY_ANSWER_BYTES_MAX: usize = 16 * 1024;

/// The pause after the first failure of a delivery; it doubles with each one more.
pub const DELIVERY_RETRY_MS: u64 = 1_000;

/// The longest of these pauses: an outage of a night costs a dozen attempts.
pub const DELIVERY_RETRY_MS_MAX: u64 = 60 * 60 * 1_000;

/// The longest pause that a receiver may ask for by `Retry-After`.
pub const DELIVERY_RETRY_AFTER_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Shortest and longest secret for signatures, in bytes (Standard Webhooks asks for 24 to 64).
pub const SIGNATURE_SECRET_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// How often new events are looked for without a signal: those of another process.
pub const ARRIVALS_LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long after one look for new events the next one waits: many captures are one look.
pub const ARRIVALS_PAUSE: Duration = Duration::from_millis(20);

/// How often it is looked whether the queries and keys behind open WebSockets are still there.
pub const SOCKETS_LOOK_EVERY: Duration = Duration::from_secs(2);

/// Frames that a WebSocket's client has not answered (each is followed by a ping) before the next one waits.
pub const FRAMES_UNANSWERED_MAX: usize = 2;

/// How often a WebSocket that is silent is pinged.
pub const SOCKET_PING_EVERY: Duration = Duration::from_secs(20);

/// How long a WebSocket's client may leave a ping unanswered, or a frame unread.
pub const SOCKET_PATIENCE: Duration = Duration::from_secs(30);

/// Largest frame taken from a WebSocket's client, who has nothing to say but pong and goodbye.
pub const SOCKET_INBOUND_BYTES_MAX: usize = 1_024;
