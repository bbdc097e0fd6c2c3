//! Table `custody`: what this organisation holds, has held or expects, and what is packed in what.
//!
//! Everything here works on sets: one statement for a pack, a pallet or a whole commissioning run.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{Place, column, column_i64, len_i64, stored_enum, to_i64};
use crate::error::Error;
use crate::limits::TREE_DEPTH_MAX;

stored_enum! {
    /// How an object stands with this organisation.
    CustodyState {
        /// On the site's shelf.
        InStock = 1,
        /// On its way to another organisation.
        Shipped = 2,
        /// Announced by another organisation, not arrived.
        Expected = 3,
        /// Arrived before its notice: what is in it is not known yet.
        AwaitingData = 4,
        /// Dispensed or otherwise supplied.
        Dispensed = 5,
        /// Destroyed, stolen, lost or otherwise out of reach for good.
        Gone = 6,
        /// On the shelf, not to be supplied.
        Quarantined = 7,
    }
}

/// An object, by its canonical key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// Canonical key.
    pub epc: String,
    /// What it is packed in.
    pub parent: Option<String>,
    /// Where it is, or was last: 13 digits.
    pub site_gln: String,
    /// How it stands.
    pub state: CustodyState,
    /// The last event that changed it.
    pub event_seq: u64,
    /// When that was.
    pub updated_at: OffsetDateTime,
}

/// An object under the ones asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeNode {
    /// The object.
    pub custody: Custody,
    /// 0 for the objects asked for, 1 for what is packed in them, and so on.
    pub depth: u32,
}

struct Row {
    epc: String,
    parent: Option<String>,
    site_gln: String,
    state: i16,
    event_seq: i64,
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for Custody {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        // The key of this table can be a serial number, so the error names the event.
        let place = Place::new("custody", row.event_seq);
        Ok(Custody {
            state: CustodyState::from_code(row.state).ok_or_else(|| place.fault("state", "unknown code"))?,
            event_seq: place.u64("event_seq", row.event_seq)?,
            epc: row.epc,
            parent: row.parent,
            site_gln: row.site_gln,
            updated_at: row.updated_at,
        })
    }
}

/// Adds objects that must be new here. Returns the keys that were there already; those are left as they are.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `custody`; [`Error::Interrupted`].
pub async fn insert_new(conn: &mut PgConnection, objects: &[Custody]) -> Result<Vec<String>, Error> {
    let added = sqlx::query_scalar!(
        "INSERT INTO custody (epc, parent, site_gln, state, event_seq, updated_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::timestamptz[])
                       AS r (epc, parent, site_gln, state, event_seq, updated_at)
         ORDER BY epc
         ON CONFLICT ON CONSTRAINT custody_pkey DO NOTHING
         RETURNING epc",
        &column(objects, |object| object.epc.as_str()) as &[&str],
        &column(objects, |object| object.parent.as_deref()) as &[Option<&str>],
        &column(objects, |object| object.site_gln.as_str()) as &[&str],
        &column(objects, |object| object.state.code()),
        &column_i64("event_seq", objects, |object| object.event_seq)?,
        &column(objects, |object| object.updated_at),
    )
    .fetch_all(conn)
    .await?;
    if added.len() == objects.len() {
        return Ok(Vec::new());
    }
    let added: BTreeSet<String> = added.into_iter().collect();
    let known = objects.iter().filter(|object| !added.contains(&object.epc));
    Ok(known.map(|object| object.epc.clone()).collect())
}

/// Adds objects, or replaces what was known of them.
///
/// # Errors
/// [`Error::Conflict`] on a check of table `custody`; [`Error::Interrupted`].
pub async fn upsert(conn: &mut PgConnection, objects: &[Custody]) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO custody (epc, parent, site_gln, state, event_seq, updated_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::timestamptz[])
                       AS r (epc, parent, site_gln, state, event_seq, updated_at)
         ORDER BY epc
         ON CONFLICT ON CONSTRAINT custody_pkey DO UPDATE
         SET parent = excluded.parent, site_gln = excluded.site_gln, state = excluded.state,
             event_seq = excluded.event_seq, updated_at = excluded.updated_at",
        &column(objects, |object| object.epc.as_str()) as &[&str],
        &column(objects, |object| object.parent.as_deref()) as &[Option<&str>],
        &column(objects, |object| object.site_gln.as_str()) as &[&str],
        &column(objects, |object| object.state.code()),
        &column_i64("event_seq", objects, |object| object.event_seq)?,
        &column(objects, |object| object.updated_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The objects that are known, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, epcs: &[&str]) -> Result<Vec<Custody>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.epc, c.parent, c.site_gln, c.state, c.event_seq, c.updated_at
         FROM unnest($1::text[]) AS k (epc) JOIN custody c ON c.epc = k.epc",
        epcs as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Custody::try_from).collect()
}

/// What is directly packed in `parent`, in order of keys after `after`, at most `limit`.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn children(
    conn: &mut PgConnection,
    parent: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<Custody>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT epc, parent, site_gln, state, event_seq, updated_at FROM custody
         WHERE parent = $1 AND epc > $2 ORDER BY epc LIMIT $3",
        parent,
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Custody::try_from).collect()
}

/// As [`find`], and locks the rows until the transaction ends: whoever decides on what they say must know that
/// nobody else does meanwhile.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn lock(conn: &mut PgConnection, epcs: &[&str]) -> Result<Vec<Custody>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT c.epc, c.parent, c.site_gln, c.state, c.event_seq, c.updated_at
         FROM unnest($1::text[]) AS k (epc) JOIN custody c ON c.epc = k.epc
         ORDER BY c.epc FOR UPDATE OF c",
        epcs as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Custody::try_from).collect()
}

/// A change of several objects by one event.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The new state.
    pub state: CustodyState,
    /// The new site; `None`: where they were.
    pub site_gln: Option<&'a str>,
    /// The event.
    pub event_seq: u64,
    /// When.
    pub at: OffsetDateTime,
}

/// Changes state and site of known objects; returns how many are known.
///
/// # Errors
/// [`Error::Interrupted`] when two transactions wait for each other; the work is then done again.
pub async fn set_state(conn: &mut PgConnection, epcs: &[&str], change: Move<'_>) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE custody c SET state = $2, site_gln = COALESCE($3, c.site_gln), event_seq = $4, updated_at = $5
         FROM (SELECT u.epc FROM unnest($1::text[]) AS k (epc) JOIN custody u ON u.epc = k.epc
               ORDER BY u.epc FOR UPDATE OF u) AS k
         WHERE c.epc = k.epc",
        epcs as &[&str],
        change.state.code(),
        change.site_gln,
        to_i64("event_seq", change.event_seq)?,
        change.at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Packs known objects into `parent`, or takes them out of what they are in; returns how many are known.
///
/// # Errors
/// [`Error::Conflict`] on `custody_not_in_itself`; [`Error::Interrupted`].
pub async fn set_parent(
    conn: &mut PgConnection,
    epcs: &[&str],
    parent: Option<&str>,
    event_seq: u64,
    at: OffsetDateTime,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE custody c SET parent = $2, event_seq = $3, updated_at = $4
         FROM (SELECT u.epc FROM unnest($1::text[]) AS k (epc) JOIN custody u ON u.epc = k.epc
               ORDER BY u.epc FOR UPDATE OF u) AS k
         WHERE c.epc = k.epc",
        epcs as &[&str],
        parent,
        to_i64("event_seq", event_seq)?,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// An object that is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    /// What.
    pub epc: String,
    /// Into what.
    pub parent: String,
    /// By which event.
    pub event_seq: u64,
    /// When.
    pub at: OffsetDateTime,
}

/// Packs known objects, each into a parent of its own and named once; returns how many are known.
///
/// # Errors
/// [`Error::Conflict`] on `custody_not_in_itself`; [`Error::Interrupted`].
pub async fn set_parents(conn: &mut PgConnection, packings: &[Packing]) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE custody c SET parent = k.parent, event_seq = k.event_seq, updated_at = k.updated_at
         FROM (SELECT u.epc, k.parent, k.event_seq, k.updated_at
               FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[])
                    AS k (epc, parent, event_seq, updated_at) JOIN custody u ON u.epc = k.epc
               ORDER BY u.epc FOR UPDATE OF u) AS k
         WHERE c.epc = k.epc",
        &column(packings, |packing| packing.epc.as_str()) as &[&str],
        &column(packings, |packing| packing.parent.as_str()) as &[&str],
        &column_i64("event_seq", packings, |packing| packing.event_seq)?,
        &column(packings, |packing| packing.at),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Takes everything out of `parent` that is directly in it; returns how much that was. EPCIS: an
/// AggregationEvent DELETE without children.
///
/// # Errors
/// [`Error::Interrupted`].
pub async fn empty(
    conn: &mut PgConnection,
    parent: &str,
    event_seq: u64,
    at: OffsetDateTime,
) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE custody c SET parent = NULL, event_seq = $2, updated_at = $3
         FROM (SELECT u.epc FROM custody u WHERE u.parent = $1 ORDER BY u.epc FOR UPDATE OF u) AS k
         WHERE c.epc = k.epc",
        parent,
        to_i64("event_seq", event_seq)?,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The objects and all that is packed in them, down to [`TREE_DEPTH_MAX`] levels, outermost first. Objects asked
/// for that are unknown here are left out, but what is packed in them is not.
///
/// # Errors
/// [`Error::OverLimit`] when there are more than `limit`; [`Error::Inconsistent`].
pub async fn tree(conn: &mut PgConnection, epcs: &[&str], limit: u32) -> Result<Vec<TreeNode>, Error> {
    // OFFSET 0 keeps each step a look-up by parent: the planner guesses that a recursion is huge.
    let rows = sqlx::query!(
        r#"WITH RECURSIVE tree (epc, parent, site_gln, state, event_seq, updated_at, depth) AS (
               SELECT k.epc COLLATE "C", r.parent, r.site_gln, r.state, r.event_seq, r.updated_at, 0
               FROM unnest($1::text[]) AS k (epc) LEFT JOIN custody r ON r.epc = k.epc
               UNION ALL
               SELECT c.epc, c.parent, c.site_gln, c.state, c.event_seq, c.updated_at, t.depth + 1
               FROM tree t CROSS JOIN LATERAL (SELECT * FROM custody u WHERE u.parent = t.epc OFFSET 0) AS c
               WHERE t.depth < $2
           )
           SELECT epc AS "epc!", parent, site_gln AS "site_gln!", state AS "state!", event_seq AS "event_seq!",
                  updated_at AS "updated_at!", depth AS "depth!"
           FROM (SELECT * FROM tree LIMIT $3) AS bounded WHERE site_gln IS NOT NULL ORDER BY depth, epc"#,
        epcs as &[&str],
        i32::from(TREE_DEPTH_MAX),
        // One more than the limit tells that there are more, even when all objects asked for are left out.
        i64::from(limit) + 1 + len_i64("objects asked for", epcs.len())?,
    )
    .fetch_all(conn)
    .await?;
    let given = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    if given > u64::from(limit) {
        return Err(Error::OverLimit { what: "objects in a hierarchy", given, bound: u64::from(limit) });
    }
    rows.into_iter()
        .map(|row| {
            let depth = Place::new("custody", row.event_seq).u32("depth", row.depth)?;
            let custody = Custody::try_from(Row {
                epc: row.epc,
                parent: row.parent,
                site_gln: row.site_gln,
                state: row.state,
                event_seq: row.event_seq,
                updated_at: row.updated_at,
            })?;
            Ok(TreeNode { custody, depth })
        })
        .collect()
}

/// What an object is packed in, innermost first, up to [`TREE_DEPTH_MAX`] levels.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn ancestors(conn: &mut PgConnection, epc: &str) -> Result<Vec<String>, Error> {
    let rows = sqlx::query_scalar!(
        r#"WITH RECURSIVE up (epc, parent, depth) AS (
               SELECT c.epc, c.parent, 0 FROM custody c WHERE c.epc = $1
               UNION ALL
               SELECT c.epc, c.parent, u.depth + 1 FROM up u JOIN custody c ON c.epc = u.parent WHERE u.depth < $2
           )
           SELECT parent AS "parent!" FROM up WHERE parent IS NOT NULL ORDER BY depth"#,
        epc,
        i32::from(TREE_DEPTH_MAX),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}
