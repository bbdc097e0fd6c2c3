//! Which condition leads to the events: one that few events meet.
//!
//! How many meet a condition is looked at, not believed: entries of its index are counted, and counting stops at
//! [`FEW`]. What PostgreSQL estimates only says which terms not to look at. Of a common term its estimate is good (the
//! statistics hold the commonest elements), and counting would read the term's whole posting list before it could stop;
//! of a rare term it knows nothing, but then the look costs little.

use epcis::query::{Measure, Relation};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::condition::{Condition, push_between};
use crate::error::Error;

/// Entries of an index that are few: reading an event for each of them takes some ten milliseconds.
const FEW: i64 = 2_000;
/// So few that no other condition is looked at.
const VERY_FEW: i64 = 100;

/// How the search for events begins.
pub(super) enum Lead<'a> {
    /// With the condition at this place; the others are asked of each event that is found.
    By(usize),
    /// With all that may lie within two bounds of a measure; all conditions are asked.
    Between(&'a Measure, &'a Measure),
    /// Every condition that can lead is met by many events; each one of terms by about this many or more.
    Common(i64),
}

/// Looks at the conditions, those first that cost least to look at, until one is met by very few.
pub(super) async fn choose<'a>(
    conn: &mut PgConnection,
    conditions: &'a [Condition],
) -> Result<Lead<'a>, Error> {
    let mut least = FEW + 1;
    let mut lead = None;
    let (of_terms, others): (Vec<_>, Vec<_>) =
        conditions.iter().enumerate().partition(|(_, one)| matches!(one, Condition::Terms(_)));
    for (lower, upper) in bounds(conditions) {
        if least > VERY_FEW {
            let count = entries(conn, |sql| push_between(sql, lower, upper)).await?;
            consider(&mut least, &mut lead, count, Lead::Between(lower, upper));
        }
    }
    for (at, condition) in others {
        if least > VERY_FEW {
            let count = entries(conn, |sql| condition.push_entries(sql)).await?;
            consider(&mut least, &mut lead, count, Lead::By(at));
        }
    }
    let (last, first): (Vec<_>, Vec<_>) =
        of_terms.into_iter().partition(|(_, one)| one.is_common_by_nature());
    let mut rarest = i64::MAX;
    for (at, condition) in first.into_iter().chain(last) {
        if least > VERY_FEW {
            let mut count = estimated(conn, condition).await?;
            if count <= FEW {
                count = entries(conn, |sql| condition.push_entries(sql)).await?;
                consider(&mut least, &mut lead, count, Lead::By(at));
            }
            rarest = rarest.min(count);
        }
    }
    Ok(lead.unwrap_or(Lead::Common(rarest)))
}

/// Keeps what is led to by the fewest entries.
fn consider<'a>(least: &mut i64, lead: &mut Option<Lead<'a>>, count: i64, candidate: Lead<'a>) {
    if count < *least {
        *least = count;
        *lead = Some(candidate);
    }
}

/// Pairs of a lower and an upper bound of the same measure.
pub(super) fn bounds(conditions: &[Condition]) -> impl Iterator<Item = (&Measure, &Measure)> {
    let measures = |relations: [Relation; 2]| {
        conditions.iter().filter_map(move |condition| match condition {
            Condition::Measure(measure) if relations.contains(&measure.relation) => Some(measure),
            _ => None,
        })
    };
    measures([Relation::Gt, Relation::Ge]).flat_map(move |lower| {
        let upper = measures([Relation::Lt, Relation::Le]);
        upper.filter(|upper| upper.name == lower.name).map(move |upper| (lower, upper))
    })
}

/// Counts to one more than [`FEW`]. `OFFSET 0` keeps the limit from the choice of the index.
async fn entries(
    conn: &mut PgConnection,
    push: impl FnOnce(&mut QueryBuilder<Postgres>),
) -> Result<i64, Error> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT FROM (");
    push(&mut sql);
    sql.push(" OFFSET 0) AS k LIMIT ").push_bind(FEW + 1).push(") AS k");
    Ok(sql.build_query_scalar().persistent(false).fetch_one(conn).await?)
}

/// PostgreSQL's estimate; all events, where it does not say.
async fn estimated(conn: &mut PgConnection, condition: &Condition) -> Result<i64, Error> {
    let mut sql = QueryBuilder::new("EXPLAIN ");
    condition.push_keys(&mut sql);
    let plan: Vec<String> = sql.build_query_scalar().persistent(false).fetch_all(conn).await?;
    let rows = plan.first().and_then(|line| line.split_once(" rows=")?.1.split_once(' ')?.0.parse().ok());
    Ok(rows.unwrap_or(i64::MAX))
}
