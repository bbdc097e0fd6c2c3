//! Tables `master_data`, `master_data_attribute` and `master_data_child`: master data as captured (EPCIS 2.0
//! section 7.1). An element that is captured again replaces the one before.

use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::convert::{array_literal, column};
use crate::error::Error;
use crate::limits::MASTER_DATA_IDS_MAX;

/// One element of a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterData {
    /// URI of the vocabulary type.
    pub vocabulary_type: String,
    /// Canonical key of what the data describe, or its URI, [bounded](epcis::query::bounded).
    pub id: String,
    /// An EPCIS 2.0 JSON document with this element alone.
    pub body: String,
    /// Names ([`epcis::query::attribute_name`]) and values ([`epcis::query::bounded`]) of its attributes.
    pub attributes: Vec<(String, String)>,
    /// Canonical keys, or URIs, of its children.
    pub children: Vec<String>,
}

/// Stores elements, each `(vocabulary_type, id)` at most once among them.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Interrupted`] when another transaction stores the same.
pub async fn put(
    conn: &mut PgConnection,
    elements: &[MasterData],
    captured_at: OffsetDateTime,
) -> Result<(), Error> {
    if elements.is_empty() {
        return Ok(());
    }
    let types = column(elements, |element| element.vocabulary_type.as_str());
    let ids = column(elements, |element| element.id.as_str());
    sqlx::query!(
        "INSERT INTO master_data (vocabulary_type, id, body, captured_at)
         SELECT vocabulary_type, id, body, $4
         FROM unnest($1::text[], $2::text[], $3::text[]) AS r (vocabulary_type, id, body)
         ORDER BY vocabulary_type, id
         ON CONFLICT ON CONSTRAINT master_data_pkey DO UPDATE SET body = excluded.body, captured_at = excluded.captured_at",
        &types as &[&str],
        &ids as &[&str],
        &column(elements, |element| element.body.as_str()) as &[&str],
        captured_at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM master_data_attribute a USING unnest($1::text[], $2::text[]) AS r (vocabulary_type, id)
             WHERE a.vocabulary_type = r.vocabulary_type AND a.id = r.id
         )
         DELETE FROM master_data_child c USING unnest($1::text[], $2::text[]) AS r (vocabulary_type, id)
         WHERE c.vocabulary_type = r.vocabulary_type AND c.id = r.id",
        &types as &[&str],
        &ids as &[&str],
    )
    .execute(&mut *conn)
    .await?;
    let names = |element: &MasterData| {
        array_literal(&element.attributes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())
    };
    let values = |element: &MasterData| {
        array_literal(&element.attributes.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>())
    };
    sqlx::query!(
        "WITH r AS (
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                           AS r (vocabulary_type, id, names, attribute_values, children)
         ), with_attributes AS (
             INSERT INTO master_data_attribute (vocabulary_type, id, name, value)
             SELECT r.vocabulary_type, r.id, a.name, a.value
             FROM r, unnest(r.names::text[], r.attribute_values::text[]) AS a (name, value)
         )
         INSERT INTO master_data_child (vocabulary_type, id, child)
         SELECT DISTINCT r.vocabulary_type, r.id, c.child FROM r, unnest(r.children::text[]) AS c (child)",
        &types as &[&str],
        &ids as &[&str],
        &column(elements, names),
        &column(elements, values),
        &column(elements, |element| array_literal(&element.children)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The places themselves and everything below them by their children.
///
/// # Errors
/// [`Error::OverLimit`] for more than [`MASTER_DATA_IDS_MAX`].
pub async fn within(conn: &mut PgConnection, places: &[String]) -> Result<Vec<String>, Error> {
    let ids = sqlx::query_scalar!(
        r#"WITH RECURSIVE place (id) AS (
             SELECT id COLLATE "C" FROM unnest($1::text[]) AS p (id)
             UNION
             SELECT c.child FROM place JOIN master_data_child c ON c.id = place.id
         )
         SELECT id AS "id!" FROM place LIMIT $2"#,
        places,
        i64::from(MASTER_DATA_IDS_MAX) + 1,
    )
    .fetch_all(conn)
    .await?;
    bounded(ids)
}

/// What has an attribute of one of these names, and of one of these values where there are any.
///
/// # Errors
/// [`Error::OverLimit`] for more than [`MASTER_DATA_IDS_MAX`].
pub async fn having(
    conn: &mut PgConnection,
    names: &[String],
    values: &[String],
) -> Result<Vec<String>, Error> {
    let ids = sqlx::query_scalar!(
        "SELECT DISTINCT id FROM master_data_attribute
         WHERE name = ANY ($1) AND ($2 OR value = ANY ($3)) LIMIT $4",
        names,
        values.is_empty(),
        values,
        i64::from(MASTER_DATA_IDS_MAX) + 1,
    )
    .fetch_all(conn)
    .await?;
    bounded(ids)
}

fn bounded(ids: Vec<String>) -> Result<Vec<String>, Error> {
    let given = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let bound = u64::from(MASTER_DATA_IDS_MAX);
    if given > bound {
        return Err(Error::OverLimit { what: "identifiers of master data", given, bound });
    }
    Ok(ids)
}

/// What master data are asked for (SimpleMasterDataQuery, EPCIS 2.0 section 8.2.7.2); `None` and an empty list ask
/// nothing.
#[derive(Debug, Clone, Default)]
pub struct MasterDataFilter {
    /// vocabularyName.
    pub vocabulary_types: Vec<String>,
    /// EQ_name: canonical keys or URIs.
    pub ids: Vec<String>,
    /// WD_name: these and what is below them.
    pub within: Vec<String>,
    /// HASATTR: names, one of which an element has.
    pub has: Vec<String>,
    /// EQATTR: for each name, values one of which it has.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The last element of the page before.
    pub after: Option<(String, String)>,
    /// Most elements.
    pub limit: u32,
}

/// Elements that are asked for, ordered by type and identifier: `(vocabulary_type, id, body)`.
///
/// # Errors
/// [`Error::OverLimit`] for places with more than [`MASTER_DATA_IDS_MAX`] below them.
pub async fn search(
    conn: &mut PgConnection,
    filter: &MasterDataFilter,
) -> Result<Vec<(String, String, String)>, Error> {
    let within = match filter.within.is_empty() {
        true => None,
        false => Some(within(&mut *conn, &filter.within).await?),
    };
    let (after_type, after_id) = filter.after.clone().unwrap_or_default();
    let asked = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let names = column(&filter.attributes, |(name, _)| name.clone());
    let values = column(&filter.attributes, |(_, values)| array_literal(values));
    let rows = sqlx::query!(
        "SELECT m.vocabulary_type, m.id, m.body FROM master_data m
         WHERE (m.vocabulary_type, m.id) > ($1, $2)
           AND ($3::text[] IS NULL OR m.vocabulary_type = ANY ($3))
           AND ($4::text[] IS NULL OR m.id = ANY ($4))
           AND ($5::text[] IS NULL OR m.id = ANY ($5))
           AND ($6::text[] IS NULL OR EXISTS (SELECT FROM master_data_attribute a
                WHERE a.vocabulary_type = m.vocabulary_type AND a.id = m.id AND a.name = ANY ($6)))
           AND NOT EXISTS (SELECT FROM unnest($7::text[], $8::text[]) AS w (name, among) WHERE NOT EXISTS (
                SELECT FROM master_data_attribute a WHERE a.vocabulary_type = m.vocabulary_type AND a.id = m.id
                    AND a.name = w.name AND a.value = ANY (w.among::text[])))
         ORDER BY m.vocabulary_type, m.id LIMIT $9",
        after_type,
        after_id,
        asked(&filter.vocabulary_types) as Option<Vec<String>>,
        asked(&filter.ids) as Option<Vec<String>>,
        within as Option<Vec<String>>,
        asked(&filter.has) as Option<Vec<String>>,
        &names,
        &values,
        i64::from(filter.limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.vocabulary_type, row.id, row.body)).collect())
}
