//! Bounds of this crate, each with the sum that justifies it.

use std::time::Duration;

/// Attempts of one transaction before it is given up. Two transactions that deadlock need one retry each; five
/// let five writers on the same rows drain one after another, in 62 ms of waiting at most.
pub const TX_ATTEMPTS_MAX: u32 = 5;

/// Connections of one pool unless configured: on two to eight cores PostgreSQL's throughput peaks near two to
/// four active connections a core; four services of 20 stay below the embedded server's 200.
pub const POOL_CONNECTIONS_DEFAULT: u32 = 20;

/// How long a request waits for a free connection before it is answered 503: under a client's usual patience
/// of 10 s, over the longest block transaction (about 1 s).
pub const ACQUIRE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// Prepared statements kept per connection: this crate has under 200 of them.
pub const STATEMENT_CACHE: usize = 256;

/// A statement may run this long. The longest is a page of 100,000 serials (about 2 s on a slow disk).
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// A transaction may sit idle this long before the server ends it: it would hold back cleaning.
pub const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Levels of packing followed: a pack in a bundle in a case in a pallet in a container makes five; the bound
/// stops a circle that damaged data could hold.
pub const TREE_DEPTH_MAX: u8 = 16;

/// A connection that was idle for longer is tried before it is handed out: it may be of a server that has been
/// restarted. A restart takes longer than this; a connection under load is never idle for so long.
pub const IDLE_TRUSTED: Duration = Duration::from_millis(100);

/// Most identifiers that a condition on master data may stand for: every site of a large organisation, at 60 bytes each
/// some 600 kB of parameters.
pub const MASTER_DATA_IDS_MAX: u32 = 10_000;

/// Events whose values are listed in one transaction: some 15 terms each, a second of work.
pub const VALUED_EVENTS_MAX: i64 = 100_000;
