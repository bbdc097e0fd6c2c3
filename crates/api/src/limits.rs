//! Bounds of everything that comes from outside over HTTP, and the sums behind them.

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

/// Look-ups of keys that are not remembered, per second, over all callers. Guessing keys cannot take more than
/// this from PostgreSQL; a restart of a chain of 5,000 pharmacies is through in ten seconds.
pub const UNKNOWN_KEYS_PER_SECOND: u32 = 500;

/// Most answers kept byte for byte under an idempotency key. The largest is a list of 1,000 outcomes.
pub const IDEMPOTENT_ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Seconds after which a caller is asked to come back when the database does not answer. PostgreSQL restarts in
/// about this time.
pub const RETRY_AFTER_UNAVAILABLE_SECONDS: u32 = 2;

/// Seconds after which a caller is asked to come back when a queue is full: queues hold less than a second of work.
pub const RETRY_AFTER_OVERLOAD_SECONDS: u32 = 1;
