//! What can go wrong in a node.

/// Errors of a node.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error("the database: {0}")]
    Store(#[from] store::Error),
    /// Consensus.
    #[error("consensus: {0}")]
    Consensus(#[from] consensus::Error),
    /// Partner exchange.
    #[error("partner exchange: {0}")]
    Exchange(#[from] exchange::Error),
    /// What is configured cannot be.
    #[error("the node's configuration: {0}")]
    Configuration(String),
    /// What is stored contradicts itself or the genesis: an operator must look.
    #[error("stored state: {0}")]
    State(String),
    /// More than one notice holds: an operator must look.
    #[error("too large to announce: {0}")]
    Oversize(String),
    /// Another process signs for this organisation.
    #[error("another process is the signer of this organisation")]
    Signer,
}

impl store::TxError for Error {
    fn as_store(&self) -> Option<&store::Error> {
        match self {
            Error::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl Error {
    /// Whether the same work may succeed soon.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Store(error) if error.is_transient())
    }

    /// Stored bytes that do not decode.
    pub(crate) fn undecodable(what: &'static str) -> impl Fn(ledger::DecodeError) -> Error {
        move |cause| Error::State(format!("{what} does not decode: {cause}"))
    }
}
