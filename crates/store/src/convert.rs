//! Between the widths of the program and those of SQL.

use crate::error::Error;

/// A digest, key or salt.
pub type Bytes32 = [u8; 32];

/// An unsigned number for a `bigint` column.
pub(crate) fn to_i64(what: &'static str, value: u64) -> Result<i64, Error> {
    i64::try_from(value).map_err(|_| Error::OverLimit { what, given: value, bound: i64::MAX as u64 })
}

/// An unsigned number for an `integer` column.
pub(crate) fn to_i32(what: &'static str, value: u32) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| Error::OverLimit {
        what,
        given: u64::from(value),
        bound: i32::MAX as u64,
    })
}

/// A length for a `bigint` parameter.
pub(crate) fn len_i64(what: &'static str, length: usize) -> Result<i64, Error> {
    to_i64(what, u64::try_from(length).unwrap_or(u64::MAX))
}

/// Where a value was read, for the error that names it.
#[derive(Clone, Copy)]
pub(crate) struct Place<R> {
    pub table: &'static str,
    pub row: R,
}

impl<R: ToString + Copy> Place<R> {
    pub fn new(table: &'static str, row: R) -> Self {
        Place { table, row }
    }

    /// An error at this place.
    pub fn fault(self, column: &'static str, reason: &'static str) -> Error {
        Error::inconsistent(self.table, column, self.row, reason)
    }

    /// A number that is never negative.
    pub fn u64(self, column: &'static str, value: i64) -> Result<u64, Error> {
        u64::try_from(value).map_err(|_| self.fault(column, "negative"))
    }

    /// As [`Self::u64`], for a column that may be null.
    pub fn u64_or_none(self, column: &'static str, value: Option<i64>) -> Result<Option<u64>, Error> {
        value.map(|value| self.u64(column, value)).transpose()
    }

    /// A number from 0 to 2³² − 1 out of a `bigint` or `integer` column.
    pub fn u32(self, column: &'static str, value: impl Into<i64>) -> Result<u32, Error> {
        u32::try_from(value.into()).map_err(|_| self.fault(column, "not from 0 to 2^32 - 1"))
    }

    /// A digest, key or salt.
    pub fn bytes32(self, column: &'static str, value: Vec<u8>) -> Result<Bytes32, Error> {
        Bytes32::try_from(value).map_err(|_| self.fault(column, "not 32 bytes"))
    }
}

/// A list for SQL: one column out of many rows.
pub(crate) fn column<'a, R, T>(rows: &'a [R], take: impl FnMut(&'a R) -> T) -> Vec<T> {
    rows.iter().map(take).collect()
}

/// A list of unsigned numbers for a `bigint[]` parameter.
pub(crate) fn column_i64<R>(
    what: &'static str,
    rows: &[R],
    mut take: impl FnMut(&R) -> u64,
) -> Result<Vec<i64>, Error> {
    rows.iter().map(|row| to_i64(what, take(row))).collect()
}

/// A `text[]` as text, for a parameter that is a list of lists: PostgreSQL's arrays of arrays must be rectangular.
pub(crate) fn array_literal(values: &[impl AsRef<str>]) -> String {
    let mut literal = String::from("{");
    for (place, value) in values.iter().enumerate() {
        literal.push_str(if place == 0 { "\"" } else { ",\"" });
        for character in value.as_ref().chars() {
            if matches!(character, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(character);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

/// Declares an enum that is stored as `smallint`.
macro_rules! stored_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// As stored.
            pub const fn code(self) -> i16 {
                match self { $(Self::$variant => $code),+ }
            }

            /// From a stored code.
            pub const fn from_code(code: i16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use stored_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_quoted() {
        assert_eq!(array_literal(&["a", "b,c", "\"}\\"]), r#"{"a","b,c","\"}\\"}"#);
        assert_eq!(array_literal(&[""; 0]), "{}");
    }

    #[test]
    fn a_value_that_does_not_fit_names_its_place() {
        let place = Place::new("batch", 7);
        let text = place.bytes32("hash", vec![0; 31]).unwrap_err().to_string();
        assert_eq!(text, "batch.hash of row 7 does not parse: not 32 bytes");
        assert!(place.u64("height", -1).is_err());
        assert_eq!(place.u32("author", 9_i64).unwrap(), 9);
        assert!(to_i64("height", u64::MAX).is_err());
    }
}
