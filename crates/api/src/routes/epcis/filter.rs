//! Parameters as a query, and its faults as problems.

use epcis::Namespaces;
use epcis::query::EventQuery;
use store::PgConnection;
use store::event_value;

use super::parameters::{Parameters, prefixes};
use crate::problem::{Fault, Problem, ProblemType};

/// Reads a query.
///
/// # Errors
/// `QueryParameterException` naming every parameter that there is not, or that has no such value.
pub fn parsed(parameters: &Parameters, namespaces: &Namespaces) -> Result<EventQuery, Problem> {
    EventQuery::parse(parameters, namespaces).map_err(|faults| {
        let faults = faults.into_iter().map(|fault| {
            let code = if fault.unknown { "unknown-parameter" } else { "invalid-parameter" };
            Fault::new(code, fault.message).at(fault.parameter)
        });
        Problem::new(ProblemType::EpcisQueryParameter).with_faults(faults)
    })
}

/// The namespaces of a query, with those of prefixes that it uses without binding them, as captured documents bind them.
///
/// # Errors
/// What the store fails with.
pub async fn with_captured(
    conn: &mut PgConnection,
    parameters: &Parameters,
    namespaces: Namespaces,
) -> Result<Namespaces, store::Error> {
    let mut all = namespaces;
    let mut is_current = false;
    for prefix in prefixes(parameters) {
        if all.namespace(prefix).is_some() {
            continue;
        }
        if !is_current {
            event_value::catch_up(conn).await?;
            is_current = true;
        }
        if let Some(namespace) = event_value::namespace(conn, prefix).await? {
            all.bind(prefix, &namespace);
        }
    }
    Ok(all)
}
