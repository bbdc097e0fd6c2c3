//! `COPY … FROM STDIN (FORMAT BINARY)`: the only statements that the driver does not check at compile time, so
//! each table that uses it has a test that reads back what it wrote.
//!
//! Format: PostgreSQL documentation, COPY, "Binary Format".

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::error::Error;

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
const EPOCH_2000_US: i128 = 946_684_800_000_000;

/// Bytes sent in one message: the server reads them into one buffer.
const CHUNK_BYTES: usize = 64 * 1024;

/// Rows in PostgreSQL's binary form.
pub(crate) struct CopyRows {
    columns: i16,
    buffer: Vec<u8>,
}

impl CopyRows {
    /// Rows of `columns` columns; each starts with [`Self::row`] and then gives exactly so many values.
    pub fn new(columns: i16, rows: usize, row_bytes: usize) -> Self {
        let mut buffer = Vec::with_capacity(SIGNATURE.len() + 10 + rows.saturating_mul(row_bytes));
        buffer.extend_from_slice(SIGNATURE);
        buffer.extend_from_slice(&[0; 8]); // no flags, no header extension
        CopyRows { columns, buffer }
    }

    /// Starts a row.
    pub fn row(&mut self) -> &mut Self {
        self.buffer.extend_from_slice(&self.columns.to_be_bytes());
        self
    }

    /// A `bytea` or `text` value.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        // PostgreSQL takes no field over 1 GB; a longer one is refused by the server, not cut.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.buffer.extend_from_slice(&length.to_be_bytes());
        self.buffer.extend_from_slice(value);
        self
    }

    /// A `smallint` value.
    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A `bigint` value.
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    /// A `timestamptz` value, rounded down to microseconds.
    pub fn timestamp(&mut self, value: OffsetDateTime) -> &mut Self {
        let micros = value.unix_timestamp_nanos().div_euclid(1000) - EPOCH_2000_US;
        self.i64(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Sends the rows with `statement`, a `COPY … FROM STDIN (FORMAT BINARY)`.
    pub async fn send(mut self, conn: &mut PgConnection, statement: &'static str) -> Result<(), Error> {
        self.buffer.extend_from_slice(&(-1_i16).to_be_bytes());
        let mut copy = conn.copy_in_raw(statement).await?;
        for chunk in self.buffer.chunks(CHUNK_BYTES) {
            copy.send(chunk).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_documented_form() {
        let mut rows = CopyRows::new(2, 1, 16);
        rows.row().i16(7).bytes(b"ab");
        let expected =
            [b"PGCOPY\n\xff\r\n\0".as_slice(), &[0; 8], &[0, 2, 0, 0, 0, 2, 0, 7, 0, 0, 0, 2, b'a', b'b']]
                .concat();
        assert_eq!(rows.buffer, expected);
    }
}
