//! Table `event_value`: the values that occur in events, which the resources of the REST binding list.
//!
//! Capture does not write it: a value that two captures bring at once would make one wait for the other. It is
//! [brought up to date](catch_up) before it is read, and now and then, from the index of events.

use sqlx::PgConnection;

use crate::convert::{Place, stored_enum, to_i64};
use crate::error::Error;
use crate::limits::VALUED_EVENTS_MAX;

stored_enum! {
    /// What a value is of.
    ValueKind {
        /// eventType.
        EventType = 1,
        /// bizStep.
        BizStep = 2,
        /// disposition.
        Disposition = 3,
        /// readPoint.
        ReadPoint = 4,
        /// bizLocation.
        BizLocation = 5,
        /// A prefix of an extension, `=` and its namespace.
        Prefix = 6,
    }
}

/// Adds the values of the events that were captured since it was last called; at most
/// [`VALUED_EVENTS_MAX`] events. Says whether that was all.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn catch_up(conn: &mut PgConnection) -> Result<bool, Error> {
    let horizon = to_i64("horizon", crate::event::horizon(&mut *conn).await?)?;
    let seen = sqlx::query_scalar!("SELECT valued_through FROM event_search_progress WHERE one")
        .fetch_one(&mut *conn)
        .await?;
    if seen >= horizon {
        return Ok(true);
    }
    // Who comes second waits, and finds nothing to do.
    let done = sqlx::query_scalar!("SELECT valued_through FROM event_search_progress WHERE one FOR UPDATE")
        .fetch_one(&mut *conn)
        .await?;
    let through = horizon.min(done.saturating_add(VALUED_EVENTS_MAX));
    if through <= done {
        return Ok(true);
    }
    sqlx::query!(
        r#"INSERT INTO event_value (kind, value, site)
         SELECT DISTINCT k.kind, substr(t.term, length(k.start) + 1), coalesce(substr(s.term, 6), '')
         FROM event_search x
         CROSS JOIN unnest(x.terms) AS t (term)
         JOIN (VALUES (1::smallint, 'eventType='), (2, 'bizStep='), (3, 'disposition='), (4, 'readPoint='),
                      (5, 'bizLocation='), (6, '@')) AS k (kind, start) ON starts_with(t.term, k.start)
         LEFT JOIN LATERAL (SELECT term FROM unnest(x.terms) AS u (term) WHERE starts_with(term, 'site=')) AS s ON true
         WHERE x.event_seq > $1 AND x.event_seq <= $2
         ON CONFLICT ON CONSTRAINT event_value_pkey DO NOTHING"#,
        done,
        through,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("UPDATE event_search_progress SET valued_through = $1 WHERE one", through)
        .execute(conn)
        .await?;
    Ok(through == horizon)
}

/// Values after `after`, ordered; of events of a site where one is given.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    kind: ValueKind,
    site: Option<&str>,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, Error> {
    let values = sqlx::query_scalar!(
        "SELECT DISTINCT value FROM event_value
         WHERE kind = $1 AND value > $2 AND ($3::text IS NULL OR site = $3) ORDER BY value LIMIT $4",
        kind.code(),
        after,
        site,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(values)
}

/// Identifiers of instances that occur, after `after`, ordered; in events of a site where one is given.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn epcs(
    conn: &mut PgConnection,
    site: Option<&str>,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, Error> {
    let terms = site.map(|gln| vec![format!("site={gln}")]);
    let epcs = sqlx::query_scalar!(
        r#"WITH RECURSIVE epc (epc, n) AS (
             (SELECT $1::text COLLATE "C", 0::bigint)
             UNION ALL
             SELECT next.epc, epc.n + 1 FROM epc
             CROSS JOIN LATERAL (
                 SELECT p.epc FROM event_epc p
                 WHERE p.epc > epc.epc AND p.role <= 5
                   AND ($2::text[] IS NULL OR EXISTS (SELECT FROM event_search x
                        WHERE x.event_seq = p.event_seq AND x.captured_at = p.captured_at AND x.terms && $2))
                 ORDER BY p.epc LIMIT 1
             ) AS next
             WHERE epc.n < $3
         )
         SELECT epc AS "epc!" FROM epc WHERE n > 0 ORDER BY n"#,
        after,
        terms as Option<Vec<String>>,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(epcs)
}

/// The namespace that captured documents bound to a prefix; the first in alphabetical order where there are several.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn namespace(conn: &mut PgConnection, prefix: &str) -> Result<Option<String>, Error> {
    let start = format!("{prefix}=");
    let end = format!("{start}\u{10ffff}");
    let value = sqlx::query_scalar!(
        "SELECT value FROM event_value WHERE kind = $1 AND value >= $2 AND value < $3 ORDER BY value LIMIT 1",
        ValueKind::Prefix.code(),
        start,
        end,
    )
    .fetch_optional(conn)
    .await?;
    Ok(value.and_then(|value| value.strip_prefix(&start).map(str::to_owned)))
}

/// Events that were captured before there was an index, and are not in it: the first and last sequence number.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn not_indexed(conn: &mut PgConnection) -> Result<Option<(u64, u64)>, Error> {
    let row =
        sqlx::query!("SELECT indexed_from, indexed_until FROM event_search_progress WHERE one FOR UPDATE")
            .fetch_one(conn)
            .await?;
    if row.indexed_from > row.indexed_until {
        return Ok(None);
    }
    let place = Place::new("event_search_progress", "one");
    Ok(Some((place.u64("indexed_from", row.indexed_from)?, place.u64("indexed_until", row.indexed_until)?)))
}

/// Adds an event to the index that was captured before there was one; see [`not_indexed`].
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn index(
    conn: &mut PgConnection,
    event: &crate::event::StoredEvent,
    terms: &[String],
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO event_search (event_seq, captured_at, event_time, terms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        to_i64("event_seq", event.seq)?,
        event.captured_at,
        event.event_time,
        terms,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that all events before `seq` are in the index.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn indexed(conn: &mut PgConnection, seq: u64) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE event_search_progress SET indexed_from = $1, valued_through = 0 WHERE one",
        to_i64("seq", seq)?
    )
    .execute(conn)
    .await?;
    Ok(())
}
