//! Table `status_record`: the status of every pack, by its blinded key. The hottest table: every node writes a
//! row per commissioned pack, and every authentication reads one.

use sqlx::PgConnection;

use crate::convert::{Bytes32, Place, column};
use crate::copy::CopyRows;
use crate::error::Error;

/// A pack's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// Blinded key.
    pub record_key: Bytes32,
    /// ledger's StatusRecord in canonical form.
    pub record: Vec<u8>,
}

/// What an authentication asks: the record, and the site's own change that is on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusAnswer {
    /// Blinded key.
    pub record_key: Bytes32,
    /// The record; `None`: there is none.
    pub record: Option<Vec<u8>>,
    /// lifecycle's code of the transition this site has on its way.
    pub pending: Option<i16>,
}

/// Adds the records of packs that were commissioned in a block, in order of their keys (as
/// a `BTreeMap` gives them): sorted, they share index pages.
///
/// # Errors
/// [`Error::Conflict`] on `status_record_pkey`: the caller did not look first.
pub async fn insert(conn: &mut PgConnection, rows: &[StatusRow]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut copy = CopyRows::new(2, rows.len(), 250);
    for row in rows {
        copy.row().bytes(&row.record_key).bytes(&row.record);
    }
    copy.send(conn, "COPY status_record (record_key, record) FROM STDIN (FORMAT BINARY)").await
}

/// Replaces records that exist; returns how many do.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn update(conn: &mut PgConnection, rows: &[StatusRow]) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE status_record s SET record = r.record
         FROM unnest($1::bytea[], $2::bytea[]) AS r (record_key, record)
         WHERE s.record_key = r.record_key",
        &column(rows, |row| row.record_key) as &[Bytes32],
        &column(rows, |row| row.record.as_slice()) as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The records that exist of these, in no order.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn find(conn: &mut PgConnection, keys: &[Bytes32]) -> Result<Vec<StatusRow>, Error> {
    let rows = sqlx::query!(
        "SELECT s.record_key, s.record FROM unnest($1::bytea[]) AS k (record_key)
         JOIN status_record s ON s.record_key = k.record_key",
        keys as &[Bytes32],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let record_key = Place::new("status_record", "?").bytes32("record_key", row.record_key)?;
            Ok(StatusRow { record_key, record: row.record })
        })
        .collect()
}

/// Answers many authentications by one statement: for each key, in the order given, its record and this
/// site's own change on its way.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn look_up(conn: &mut PgConnection, keys: &[Bytes32]) -> Result<Vec<StatusAnswer>, Error> {
    let rows = sqlx::query!(
        r#"SELECT k.place AS "place!", s.record AS "record?", p.transition AS "transition?"
           FROM unnest($1::bytea[]) WITH ORDINALITY AS k (record_key, place)
           LEFT JOIN status_record s ON s.record_key = k.record_key
           LEFT JOIN pending_change p ON p.record_key = k.record_key
           WHERE s.record IS NOT NULL OR p.transition IS NOT NULL"#,
        keys as &[Bytes32],
    )
    .fetch_all(conn)
    .await?;
    let unknown = |key: &Bytes32| StatusAnswer { record_key: *key, record: None, pending: None };
    let mut answers: Vec<StatusAnswer> = keys.iter().map(unknown).collect();
    for row in rows {
        let answer = usize::try_from(row.place - 1).ok().and_then(|place| answers.get_mut(place));
        if let Some(answer) = answer {
            answer.record = row.record;
            answer.pending = row.transition;
        }
    }
    Ok(answers)
}

/// Records after a key, in order of their keys, at most `limit`: for audits, which read everything.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Inconsistent`].
pub async fn page(conn: &mut PgConnection, after: &[u8], limit: u32) -> Result<Vec<StatusRow>, Error> {
    let rows = sqlx::query!(
        "SELECT record_key, record FROM status_record WHERE record_key > $1 ORDER BY record_key LIMIT $2",
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let record_key = Place::new("status_record", "?").bytes32("record_key", row.record_key)?;
            Ok(StatusRow { record_key, record: row.record })
        })
        .collect()
}
