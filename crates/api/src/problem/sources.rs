//! What the errors of the crates below mean to a client.

use std::error::Error as _;

use gs1::Gs1Error;
use store::TxError;

use super::{Fault, Problem, ProblemType};
use crate::limits::RETRY_AFTER_UNAVAILABLE_SECONDS;

impl From<store::Error> for Problem {
    /// What may succeed when simply done again is 503; everything else that a handler did not expect is a failure.
    /// A handler that expects a constraint to refuse asks [`store::Error::constraint`] first.
    fn from(error: store::Error) -> Self {
        if error.is_transient() {
            let unavailable =
                Self::new(ProblemType::Unavailable).retry_after(RETRY_AFTER_UNAVAILABLE_SECONDS);
            return unavailable.caused_by(error);
        }
        Self::internal(error)
    }
}

impl TxError for Problem {
    fn as_store(&self) -> Option<&store::Error> {
        self.source()?.downcast_ref()
    }
}

impl From<&Gs1Error> for Fault {
    /// The code is the name of the GS1 Barcode Syntax Dictionary where it has one.
    fn from(error: &Gs1Error) -> Self {
        let message = match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self::new(error.code(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreachable_database_is_503_with_a_time_to_come_back_and_can_be_recognised() {
        let lost = store::Error::Unavailable { reason: "connection lost", source: None };
        let problem = Problem::from(lost);
        assert_eq!(problem.kind(), ProblemType::Unavailable);
        assert!(problem.as_store().unwrap().is_transient());
        let row = store::Error::Conflict { constraint: "event_pkey".to_owned() };
        let problem = Problem::from(row);
        assert_eq!(problem.kind(), ProblemType::Internal);
        assert_eq!(problem.as_store().unwrap().constraint(), Some("event_pkey"));
    }

    #[test]
    fn a_wrong_check_digit_has_its_own_type_and_place() {
        let error = gs1::Gln::new("4012345000055").unwrap_err();
        let problem = Problem::invalid(vec![Fault::from(&error).at("/gln")]);
        assert_eq!(problem.kind(), ProblemType::CheckDigit);
        assert_eq!(problem.faults().first().unwrap().code, "INCORRECT_CHECK_DIGIT");
    }
}
