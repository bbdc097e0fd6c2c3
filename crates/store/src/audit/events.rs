//! This organisation's events, and the rows that follow from them.

use time::OffsetDateTime;

use super::{Snapshot, each};
use crate::error::Error;

/// A row of `event` with its rows of `event_anchor` and `event_search`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditEvent {
    pub seq: i64,
    pub captured_at: OffsetDateTime,
    pub event_id: String,
    pub hash_id: String,
    pub event_type: i16,
    pub action: Option<i16>,
    pub event_time: OffsetDateTime,
    pub biz_step: Option<String>,
    pub disposition: Option<String>,
    pub read_point: Option<String>,
    pub biz_location: Option<String>,
    pub body: String,
    pub salt: Vec<u8>,
    pub commitment: Vec<u8>,
    pub batch_sequence: Option<i64>,
    pub leaf: Option<i64>,
    pub last_batch_sequence: Option<i64>,
    pub search_time: Option<OffsetDateTime>,
    pub terms: Option<Vec<String>>,
}

/// A row of `event_anchor` whose event is not there.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditAnchor {
    pub event_seq: i64,
    pub batch_sequence: i64,
    pub leaf: i64,
}

/// A row of `event_epc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditEpc {
    pub event_seq: i64,
    pub captured_at: OffsetDateTime,
    pub role: i16,
    pub epc: String,
}

/// A row of `event_identity`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditIdentity {
    pub event_seq: i64,
    pub captured_at: OffsetDateTime,
    pub event_id: String,
    pub event_hash: Vec<u8>,
}

/// A row of `event_measure`; the value as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditMeasure {
    pub event_seq: i64,
    pub captured_at: OffsetDateTime,
    pub name: String,
    pub value: String,
    pub several: bool,
}

/// Which events are not in the index yet, having been captured before there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Indexed {
    /// The first.
    pub from: i64,
    /// The last.
    pub until: i64,
}

impl Snapshot {
    /// Every event, in the order of capture.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn events(&mut self, mut visit: impl FnMut(AuditEvent)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditEvent,
            r#"SELECT e.seq, e.captured_at, e.event_id, e.hash_id, e.event_type, e.action, e.event_time, e.biz_step,
                      e.disposition, e.read_point, e.biz_location, e.body, e.salt, e.commitment,
                      a.batch_sequence AS "batch_sequence?", a.leaf AS "leaf?", a.last_batch_sequence,
                      s.event_time AS "search_time?", s.terms AS "terms?"
               FROM event e
               LEFT JOIN event_anchor a ON a.event_seq = e.seq AND a.captured_at = e.captured_at
               LEFT JOIN event_search s ON s.event_seq = e.seq AND s.captured_at = e.captured_at
               ORDER BY e.seq, e.captured_at"#
        );
        each!(self, visit, all)
    }

    /// The events with these numbers.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn events_of(&mut self, seqs: &[i64]) -> Result<Vec<(i64, OffsetDateTime, String)>, Error> {
        let rows = sqlx::query!(
            "SELECT seq, captured_at, body FROM event WHERE seq = ANY ($1) ORDER BY seq, captured_at",
            seqs
        );
        let rows = rows.fetch_all(&mut self.conn).await?;
        Ok(rows.into_iter().map(|row| (row.seq, row.captured_at, row.body)).collect())
    }

    /// Anchors of events that are not there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn anchors_alone(&mut self, mut visit: impl FnMut(AuditAnchor)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditAnchor,
            "SELECT a.event_seq, a.batch_sequence, a.leaf FROM event_anchor a
             WHERE NOT EXISTS (SELECT FROM event e WHERE e.seq = a.event_seq AND e.captured_at = a.captured_at)
             ORDER BY a.event_seq"
        );
        each!(self, visit, all)
    }

    /// Numbers of the rows of the index whose events are not there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn searches_alone(&mut self, mut visit: impl FnMut(i64)) -> Result<(), Error> {
        let all = sqlx::query_scalar!(
            "SELECT s.event_seq FROM event_search s
             WHERE NOT EXISTS (SELECT FROM event e WHERE e.seq = s.event_seq AND e.captured_at = s.captured_at)
             ORDER BY s.event_seq"
        );
        each!(self, visit, all)
    }

    /// Every identifier in every event, in no order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn epcs(&mut self, mut visit: impl FnMut(AuditEpc)) -> Result<(), Error> {
        let all = sqlx::query_as!(AuditEpc, "SELECT event_seq, captured_at, role, epc FROM event_epc");
        each!(self, visit, all)
    }

    /// Every claimed identity, in no order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn identities(&mut self, mut visit: impl FnMut(AuditIdentity)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditIdentity,
            "SELECT event_seq, captured_at, event_id, event_hash FROM event_identity"
        );
        each!(self, visit, all)
    }

    /// Every measure, in no order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn measures(&mut self, mut visit: impl FnMut(AuditMeasure)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditMeasure,
            r#"SELECT event_seq, captured_at, name, value::text AS "value!", several FROM event_measure"#
        );
        each!(self, visit, all)
    }

    /// The identifiers of these events.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn epcs_of(&mut self, seqs: &[i64]) -> Result<Vec<AuditEpc>, Error> {
        let rows = sqlx::query_as!(
            AuditEpc,
            "SELECT event_seq, captured_at, role, epc FROM event_epc WHERE event_seq = ANY ($1)",
            seqs
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// The identities of these events.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn identities_of(&mut self, seqs: &[i64]) -> Result<Vec<AuditIdentity>, Error> {
        let rows = sqlx::query_as!(
            AuditIdentity,
            "SELECT event_seq, captured_at, event_id, event_hash FROM event_identity WHERE event_seq = ANY ($1)",
            seqs
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// The measures of these events.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn measures_of(&mut self, seqs: &[i64]) -> Result<Vec<AuditMeasure>, Error> {
        let rows = sqlx::query_as!(
            AuditMeasure,
            r#"SELECT event_seq, captured_at, name, value::text AS "value!", several FROM event_measure
               WHERE event_seq = ANY ($1)"#,
            seqs
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }

    /// Which events are not in the index yet; none: all are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn not_indexed(&mut self) -> Result<Option<Indexed>, Error> {
        let row = sqlx::query_as!(
            Indexed,
            r#"SELECT indexed_from AS "from", indexed_until AS "until" FROM event_search_progress
               WHERE indexed_from <= indexed_until"#
        );
        Ok(row.fetch_optional(&mut self.conn).await?)
    }
}
