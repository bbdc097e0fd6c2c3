//! Table `named_query`: queries that clients gave a name (EPCIS 2.0 section 8.2.5).

use sqlx::PgConnection;
use sqlx::types::JsonValue;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::Error;

/// A named query.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedQuery {
    /// Its id here; clients know it by its name.
    pub id: Uuid,
    /// Who made it, and the only one who knows of it.
    pub client_id: Uuid,
    /// Its name, of which the client has one.
    pub name: String,
    /// The member `query` as given.
    pub query: JsonValue,
    /// Prefixes of extension fields: an object of prefix and namespace.
    pub namespaces: JsonValue,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Locks the client's row until the transaction ends, so that it makes one query or subscription at a time and what it
/// has can be counted.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn lock_client(conn: &mut PgConnection, client_id: Uuid) -> Result<(), Error> {
    sqlx::query_scalar!("SELECT id FROM api_client WHERE id = $1 FOR NO KEY UPDATE", client_id)
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// Adds a query.
///
/// # Errors
/// [`Error::Conflict`] on `named_query_name_key`.
pub async fn insert(conn: &mut PgConnection, query: &NamedQuery) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO named_query (id, client_id, name, query, namespaces, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        query.id,
        query.client_id,
        query.name,
        query.query,
        query.namespaces,
        query.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A client's query of this name.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find(conn: &mut PgConnection, client_id: Uuid, name: &str) -> Result<Option<NamedQuery>, Error> {
    let query = sqlx::query_as!(
        NamedQuery,
        "SELECT id, client_id, name, query, namespaces, created_at FROM named_query
         WHERE client_id = $1 AND name = $2",
        client_id,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(query)
}

/// As [`find`], and keeps the query from being deleted until the transaction ends.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn keep(conn: &mut PgConnection, id: Uuid) -> Result<bool, Error> {
    let found = sqlx::query_scalar!("SELECT id FROM named_query WHERE id = $1 FOR KEY SHARE", id)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// A client's queries by name, after this one.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(
    conn: &mut PgConnection,
    client_id: Uuid,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<NamedQuery>, Error> {
    let queries = sqlx::query_as!(
        NamedQuery,
        "SELECT id, client_id, name, query, namespaces, created_at FROM named_query
         WHERE client_id = $1 AND name > COALESCE($2, '') ORDER BY name LIMIT $3",
        client_id,
        after,
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?;
    Ok(queries)
}

/// How many queries a client has.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn count(conn: &mut PgConnection, client_id: Uuid) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM named_query WHERE client_id = $1"#,
        client_id
    )
    .fetch_one(conn)
    .await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Deletes a client's query with its subscriptions; its id, if there was one.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn delete(conn: &mut PgConnection, client_id: Uuid, name: &str) -> Result<Option<Uuid>, Error> {
    let id = sqlx::query_scalar!(
        "DELETE FROM named_query WHERE client_id = $1 AND name = $2 RETURNING id",
        client_id,
        name,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

/// Those of these queries that are there, and whose clients' keys are in force and have all these permissions.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn alive(
    conn: &mut PgConnection,
    ids: &[Uuid],
    permissions: &[String],
) -> Result<Vec<Uuid>, Error> {
    let alive = sqlx::query_scalar!(
        "SELECT q.id FROM named_query q JOIN api_client c ON c.id = q.client_id
         WHERE q.id = ANY ($1) AND c.revoked_at IS NULL AND c.permissions @> $2",
        ids,
        permissions,
    )
    .fetch_all(conn)
    .await?;
    Ok(alive)
}
