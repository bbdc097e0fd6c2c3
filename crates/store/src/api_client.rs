//! Table `api_client`: who may call the API.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::convert::Bytes32;
use crate::error::Error;

/// A client of this organisation's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// Id, in logs and in what the client made.
    pub id: Uuid,
    /// For people.
    pub name: String,
    /// GLN of the only site it acts for; `None`: every site of the organisation.
    pub site_gln: Option<String>,
    /// Names of its permissions, as the API spells them.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Since when its key is void.
    pub revoked_at: Option<OffsetDateTime>,
}

/// Adds a client with the SHA3-256 of its key.
///
/// # Errors
/// [`Error::Conflict`] on `api_client_pkey` or `api_client_key_hash_key`.
pub async fn insert(conn: &mut PgConnection, client: &ApiClient, key_hash: &Bytes32) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO api_client (id, name, site_gln, permissions, key_hash, created_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        client.id,
        client.name,
        client.site_gln,
        &client.permissions,
        key_hash,
        client.created_at,
        client.revoked_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The client that holds this key, unless it was revoked.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find_by_key_hash(
    conn: &mut PgConnection,
    key_hash: &Bytes32,
) -> Result<Option<ApiClient>, Error> {
    let client = sqlx::query_as!(
        ApiClient,
        "SELECT id, name, site_gln, permissions, created_at, revoked_at FROM api_client
         WHERE key_hash = $1 AND revoked_at IS NULL",
        key_hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(client)
}

/// Every client, oldest first; an organisation has tens.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn list(conn: &mut PgConnection) -> Result<Vec<ApiClient>, Error> {
    let clients = sqlx::query_as!(
        ApiClient,
        "SELECT id, name, site_gln, permissions, created_at, revoked_at FROM api_client ORDER BY created_at, id",
    )
    .fetch_all(conn)
    .await?;
    Ok(clients)
}

/// Voids a client's key; `false` when there is no such client or it was void already.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn revoke(conn: &mut PgConnection, id: Uuid, at: OffsetDateTime) -> Result<bool, Error> {
    let done =
        sqlx::query!("UPDATE api_client SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", id, at)
            .execute(conn)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// GLN of the only site that a client acts for, revoked or not; `None` for a client of every site, and for none.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn site(conn: &mut PgConnection, id: Uuid) -> Result<Option<String>, Error> {
    let site =
        sqlx::query_scalar!("SELECT site_gln FROM api_client WHERE id = $1", id).fetch_optional(conn).await?;
    Ok(site.flatten())
}
