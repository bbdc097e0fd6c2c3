//! What can go wrong with the database, sorted by what the caller can do about it.

use std::borrow::Cow;

/// Errors of every function that talks to PostgreSQL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be reached now: connection lost, server starting or stopping, no free connection
    /// within the pool's bound, or a statement over its time limit. Nothing is known to be wrong with the
    /// request: the API answers 503 with `Retry-After`, workers try again.
    #[error("the database is not available: {reason}")]
    Unavailable {
        /// What was seen, in a few words.
        reason: &'static str,
        /// The driver's error, when there is one.
        #[source]
        source: Option<sqlx::Error>,
    },
    /// The transaction lost against a concurrent one (serialization failure or deadlock). [`crate::tx()`]
    /// retries these; one that gets out has used up its attempts, and is answered like `Unavailable`.
    #[error("the transaction was interrupted by a concurrent one")]
    Interrupted(#[source] sqlx::Error),
    /// A named constraint refused the row: it is there already, or breaks a rule of the table.
    #[error("constraint {constraint} refuses the row")]
    Conflict {
        /// The constraint's name as in `migrations/`, or the empty string when the server named none.
        constraint: String,
    },
    /// A stored row does not mean anything to this program: damaged, or written by something else.
    #[error("{table}.{column} of row {row} does not parse: {reason}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's primary key as text; never a serial number.
        row: String,
        /// What was expected.
        reason: &'static str,
    },
    /// The database's schema is not the one this program was built with.
    #[error("the database schema is not known to this program: {0}")]
    UnknownSchema(SchemaFault),
    /// A migration could not be applied.
    #[error("a migration could not be applied")]
    Migrate(#[source] Box<sqlx::migrate::MigrateError>),
    /// The configuration names no usable database.
    #[error("the database configuration is not usable: {0}")]
    Configuration(Cow<'static, str>),
    /// More was given, or found, than a bound of [`crate::limits`] allows.
    #[error("{what}: {given} is over the bound of {bound}")]
    OverLimit {
        /// What is bounded.
        what: &'static str,
        /// What was given.
        given: u64,
        /// What is allowed.
        bound: u64,
    },
    /// Everything else that the driver reports: a defect of this program or of the database.
    #[error("the database refused a statement")]
    Sqlx(#[source] sqlx::Error),
}

/// How a database's schema differs from the migrations in this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// No migration was ever applied here.
    #[error("it has no schema yet (run `migrate`)")]
    Empty,
    /// It lacks migrations: run `migrate`.
    #[error("it lacks migration {first_missing} (run `migrate`)")]
    Older {
        /// Version of the first migration that is missing.
        first_missing: i64,
    },
    /// It has migrations that this program does not know: a newer program was here.
    #[error("it has migration {version}, which this program does not know (run a newer program)")]
    Newer {
        /// The unknown version.
        version: i64,
    },
    /// A migration was changed after it had been applied, or stopped half-way.
    #[error("migration {version} was applied in another form")]
    Altered {
        /// The version that differs.
        version: i64,
    },
}

impl Error {
    /// Whether the same work may succeed when simply done again soon.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Unavailable { .. } | Error::Interrupted(_))
    }

    /// The refused constraint's name, when that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Error::Conflict { constraint } => Some(constraint),
            _ => None,
        }
    }

    /// A row that does not parse.
    pub(crate) fn inconsistent(
        table: &'static str,
        column: &'static str,
        row: impl ToString,
        reason: &'static str,
    ) -> Self {
        Error::Inconsistent { table, column, row: row.to_string(), reason }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = |reason, error| Error::Unavailable { reason, source: Some(error) };
        match &error {
            sqlx::Error::Io(_) => unavailable("connection lost", error),
            sqlx::Error::PoolTimedOut => unavailable("no free connection", error),
            sqlx::Error::PoolClosed => unavailable("the pool is closed", error),
            sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => {
                unavailable("connection unusable", error)
            }
            sqlx::Error::Database(cause) => {
                match sort_sqlstate(cause.code().as_deref().unwrap_or_default()) {
                    Kind::Interrupted => Error::Interrupted(error),
                    Kind::Unavailable(reason) => unavailable(reason, error),
                    Kind::Conflict => {
                        Error::Conflict { constraint: cause.constraint().unwrap_or_default().to_owned() }
                    }
                    Kind::Other => Error::Sqlx(error),
                }
            }
            _ => Error::Sqlx(error),
        }
    }
}

enum Kind {
    Interrupted,
    Unavailable(&'static str),
    Conflict,
    Other,
}

/// Sorts an SQLSTATE (PostgreSQL documentation, appendix A).
fn sort_sqlstate(code: &str) -> Kind {
    match code {
        "40001" | "40P01" => Kind::Interrupted,
        "53300" => Kind::Unavailable("too many connections"),
        "53100" => Kind::Unavailable("disk full"),
        "55P03" => Kind::Unavailable("a lock was not free in time"),
        "57014" => Kind::Unavailable("a statement took too long"),
        "25P03" | "25006" => Kind::Unavailable("the session was ended by the server"),
        _ if code.starts_with("08") => Kind::Unavailable("connection lost"),
        _ if code.starts_with("57P") => Kind::Unavailable("the server is starting or stopping"),
        _ if code.starts_with("53") => Kind::Unavailable("the server is out of resources"),
        _ if code.starts_with("23") => Kind::Conflict,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn driver_errors_are_sorted_by_what_can_be_done() {
        let io = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert!(Error::from(sqlx::Error::Io(io)).is_transient());
        assert!(Error::from(sqlx::Error::PoolTimedOut).is_transient());
        assert!(!Error::from(sqlx::Error::RowNotFound).is_transient());
    }

    #[test]
    fn sqlstates_of_an_outage_are_unavailable() {
        for code in ["08006", "57P01", "57P03", "53300", "55P03"] {
            assert!(matches!(sort_sqlstate(code), Kind::Unavailable(_)), "{code}");
        }
        assert!(matches!(sort_sqlstate("23505"), Kind::Conflict));
        assert!(matches!(sort_sqlstate("42P01"), Kind::Other));
    }
}
