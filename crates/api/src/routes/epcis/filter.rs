//! Parameters as a query, and its faults as problems.

use std::collections::BTreeSet;

use epcis::Namespaces;
use epcis::query::EventQuery;
use store::{PgPool, event_value};

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
    pool: &PgPool,
    parameters: &Parameters,
    namespaces: Namespaces,
) -> Result<Namespaces, store::Error> {
    let mut all = namespaces;
    let missing: BTreeSet<&str> =
        prefixes(parameters).filter(|prefix| all.namespace(prefix).is_none()).collect();
    if missing.is_empty() {
        return Ok(all);
    }
    values_listed(pool).await?;
    let mut conn = pool.acquire().await?;
    for prefix in missing {
        if let Some(namespace) = event_value::namespace(&mut conn, prefix).await? {
            all.bind(prefix, &namespace);
        }
    }
    Ok(all)
}

/// Brings the list of values that occur up to date.
///
/// # Errors
/// What the store fails with.
pub async fn values_listed(pool: &PgPool) -> Result<(), store::Error> {
    while !store::tx(pool, "list_values", |conn| Box::pin(event_value::catch_up(conn))).await? {}
    Ok(())
}
