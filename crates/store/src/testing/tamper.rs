//! Altering a test's own database behind the back of everything: what an audit must find.
//!
//! The columns are those that the schema has, so that a new one is altered too. Statements are put together from names
//! of the catalogue.

use sqlx::{AssertSqlSafe, Executor, PgPool};

use crate::error::Error;

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Table; of a partitioned one, the parent.
    pub table: String,
    /// Name.
    pub name: String,
    /// PostgreSQL's name of its type.
    kind: String,
}

/// Every column of every table, partitions and the migrations' bookkeeping aside.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn columns(pool: &PgPool) -> Result<Vec<Column>, Error> {
    let rows = sqlx::query!(
        r#"SELECT c.relname::text AS "table!", a.attname::text AS "name!", y.typname::text AS "kind!"
           FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type y ON y.oid = a.atttypid
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
             AND c.relname <> '_sqlx_migrations' AND a.attnum > 0 AND NOT a.attisdropped
           ORDER BY c.relname, a.attnum"#
    );
    let rows = rows.fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| Column { table: row.table, name: row.name, kind: row.kind }).collect())
}

/// Drops every constraint, unique index and generated number, and keeps a copy of every table.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn loosen(pool: &PgPool) -> Result<(), Error> {
    run(pool, LOOSEN.to_owned()).await
}

const LOOSEN: &str = r"
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
               WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND conparentid = 0
               ORDER BY contype = 'f' DESC LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', one.of, one.conname);
    END LOOP;
    FOR one IN SELECT attrelid::regclass AS of, attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
               WHERE attidentity <> '' AND c.relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', one.of, one.attname);
    END LOOP;
    CREATE SCHEMA kept;
    FOR one IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
               AND c.relkind IN ('r', 'p') AND NOT c.relispartition LOOP
        EXECUTE format('CREATE TABLE kept.%I AS SELECT * FROM public.%I', one.relname, one.relname);
    END LOOP;
END
$$";

/// Brings a table back to what it was when [`loosen`] was called.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn restore(pool: &PgPool, table: &str) -> Result<(), Error> {
    run(pool, format!("TRUNCATE public.{table}; INSERT INTO public.{table} SELECT * FROM kept.{table}")).await
}

/// How many rows a table has.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn count(pool: &PgPool, table: &str) -> Result<i64, Error> {
    let statement = format!("SELECT count(*) FROM {table}");
    Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(pool).await?)
}

/// Changes one column of one row, the `nth` in the order of their texts, and nothing else.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn alter(pool: &PgPool, column: &Column, nth: i64) -> Result<(), Error> {
    let Column { table, name, .. } = column;
    run(pool, format!("UPDATE {table} SET {name} = {} WHERE {}", other(column), row(table, nth))).await
}

/// Deletes one row.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn delete(pool: &PgPool, table: &str, nth: i64) -> Result<(), Error> {
    run(pool, format!("DELETE FROM {table} WHERE {}", row(table, nth))).await
}

/// Adds a copy of one row in which these columns, its key, are others.
///
/// # Errors
/// [`Error::Unavailable`]; [`Error::Sqlx`].
pub async fn copy(pool: &PgPool, columns: &[Column], key: &[&str], nth: i64) -> Result<(), Error> {
    let Some(Column { table, .. }) = columns.first() else { return Ok(()) };
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let changed = |column: &Column| key.contains(&column.name.as_str());
    let values: Vec<String> = columns
        .iter()
        .map(|column| if changed(column) { other(column) } else { column.name.clone() })
        .collect();
    let (names, values) = (names.join(", "), values.join(", "));
    let statement =
        format!("INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {}", row(table, nth));
    run(pool, statement).await
}

fn row(table: &str, nth: i64) -> String {
    format!("(tableoid, ctid) = (SELECT tableoid, ctid FROM {table} x ORDER BY x::text OFFSET {nth} LIMIT 1)")
}

/// Another value than the column has: a flipped bit, one more, one second later, another letter.
fn other(column: &Column) -> String {
    let name = &column.name;
    match column.kind.as_str() {
        "bytea" => format!(
            "CASE WHEN coalesce(length({name}), 0) = 0 THEN '\\x01'::bytea
             ELSE set_byte({name}, length({name}) / 2, get_byte({name}, length({name}) / 2) # 1) END"
        ),
        "int2" | "int4" | "int8" | "numeric" => format!("coalesce({name}, 0) + 1"),
        "bool" => format!("NOT {name}"),
        "timestamptz" => format!("coalesce({name}, 'epoch') + interval '1 second'"),
        "date" => format!("{name} + 1"),
        "uuid" => "gen_random_uuid()".to_owned(),
        "_text" => format!("coalesce({name}, '{{}}') || 'another'::text"),
        "jsonb" => "'{\"another\": true}'::jsonb".to_owned(),
        _ => format!(
            "CASE WHEN coalesce({name}, '') = '' THEN '1'
             ELSE left({name}, -1) || CASE right({name}, 1) WHEN '1' THEN '2' ELSE '1' END END"
        ),
    }
}

async fn run(pool: &PgPool, statement: String) -> Result<(), Error> {
    let mut conn = pool.acquire().await?;
    conn.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
