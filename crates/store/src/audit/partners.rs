//! Events of partners.

use super::{Snapshot, each};
use crate::error::Error;

/// A row of `known_event`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditKnown {
    pub seq: i64,
    pub author: i64,
    pub event_id: String,
    pub commitment: Vec<u8>,
    pub disclosure: Vec<u8>,
    pub receipt: Vec<u8>,
    pub body: String,
}

/// A row of `known_event_epc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the columns are explained in migrations/")]
pub struct AuditKnownEpc {
    pub known_seq: i64,
    pub role: i16,
    pub epc: String,
}

impl Snapshot {
    /// Every event of a partner, in the order received.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn known_events(&mut self, mut visit: impl FnMut(AuditKnown)) -> Result<(), Error> {
        let all = sqlx::query_as!(
            AuditKnown,
            "SELECT seq, author, event_id, commitment, disclosure, receipt, body FROM known_event ORDER BY seq"
        );
        each!(self, visit, all)
    }

    /// Every identifier in them, in no order.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn known_epcs(&mut self, mut visit: impl FnMut(AuditKnownEpc)) -> Result<(), Error> {
        let all = sqlx::query_as!(AuditKnownEpc, "SELECT known_seq, role, epc FROM known_event_epc");
        each!(self, visit, all)
    }

    /// The disclosures of these events of partners.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn disclosures_of(&mut self, seqs: &[i64]) -> Result<Vec<(i64, Vec<u8>)>, Error> {
        let rows = sqlx::query!("SELECT seq, disclosure FROM known_event WHERE seq = ANY ($1)", seqs);
        let rows = rows.fetch_all(&mut self.conn).await?;
        Ok(rows.into_iter().map(|row| (row.seq, row.disclosure)).collect())
    }

    /// The identifiers in these events of partners.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn known_epcs_of(&mut self, seqs: &[i64]) -> Result<Vec<AuditKnownEpc>, Error> {
        let rows = sqlx::query_as!(
            AuditKnownEpc,
            "SELECT known_seq, role, epc FROM known_event_epc WHERE known_seq = ANY ($1)",
            seqs
        );
        Ok(rows.fetch_all(&mut self.conn).await?)
    }
}
