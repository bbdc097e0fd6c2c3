//! Measures the alternatives behind the choices in the README: how packs are written to and looked up in
//! `status_record`, plain or hash-partitioned. Prints the processor time of the server's process per row, which
//! other work on the machine does not change much, and the write-ahead log per row.
//!
//! `DATABASE_URL=… cargo run -p store --example measure` on an empty database; it makes and drops its own tables.

use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

const PRELOADED: i64 = 1_000_000;
const ROUNDS: u64 = 6;
const ROWS: usize = 10_000;
const RECORD_BYTES: usize = 190;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// xorshift64*: the same keys in every run.
struct Keys(u64);

impl Keys {
    fn next(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        for chunk in key.chunks_mut(8) {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            chunk.copy_from_slice(&self.0.wrapping_mul(0x2545_F491_4F6C_DD1D).to_be_bytes());
        }
        key
    }

    fn rows(&mut self, sorted: bool) -> Vec<([u8; 32], Vec<u8>)> {
        let mut rows: Vec<_> = (0..ROWS).map(|_| (self.next(), vec![7; RECORD_BYTES])).collect();
        if sorted {
            rows.sort_unstable();
        }
        rows
    }
}

/// Processor time of the server's process so far, in seconds (Linux).
fn server_seconds(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: f64 =
        fields.get(11..13).into_iter().flatten().filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

async fn run(conn: &mut PgConnection, sql: String) -> Result<()> {
    conn.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

async fn make(conn: &mut PgConnection, table: &str, parts: u32) -> Result<()> {
    run(conn, format!("DROP TABLE IF EXISTS {table}")).await?;
    let columns = "(record_key bytea STORAGE PLAIN PRIMARY KEY, record bytea STORAGE PLAIN NOT NULL)";
    let columns = columns.replace(" STORAGE PLAIN", "");
    if parts == 0 {
        run(conn, format!("CREATE TABLE {table} {columns} WITH (fillfactor = 90)")).await?;
    } else {
        run(conn, format!("CREATE TABLE {table} {columns} PARTITION BY HASH (record_key)")).await?;
        for part in 0..parts {
            let bounds =
                format!("FOR VALUES WITH (MODULUS {parts}, REMAINDER {part}) WITH (fillfactor = 90)");
            run(conn, format!("CREATE TABLE {table}_{part} PARTITION OF {table} {bounds}")).await?;
        }
    }
    let filled = format!("repeat('x', {RECORD_BYTES})::bytea");
    run(
        conn,
        format!("INSERT INTO {table} SELECT sha256(i::text::bytea), {filled} FROM generate_series(1, {PRELOADED}) AS i"),
    )
    .await?;
    run(conn, format!("ANALYZE {table}")).await?;
    run(conn, "CHECKPOINT".to_owned()).await
}

fn binary(rows: &[([u8; 32], Vec<u8>)]) -> Vec<u8> {
    let mut buffer = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0".to_vec();
    for (key, record) in rows {
        buffer.extend_from_slice(&2_i16.to_be_bytes());
        for value in [key.as_slice(), record.as_slice()] {
            buffer.extend_from_slice(&i32::try_from(value.len()).unwrap_or(0).to_be_bytes());
            buffer.extend_from_slice(value);
        }
    }
    buffer.extend_from_slice(&(-1_i16).to_be_bytes());
    buffer
}

async fn insert(conn: &mut PgConnection, table: &str, way: &str, rows: &[([u8; 32], Vec<u8>)]) -> Result<()> {
    let mut tx = conn.begin().await?;
    if way == "copy" {
        let mut copy = tx.copy_in_raw(&format!("COPY {table} FROM STDIN (FORMAT BINARY)")).await?;
        copy.send(binary(rows)).await?;
        copy.finish().await?;
    } else {
        let order = if way == "unnest order by" { "ORDER BY 1" } else { "" };
        let sql = format!("INSERT INTO {table} SELECT * FROM unnest($1::bytea[], $2::bytea[]) {order}");
        let keys: Vec<&[u8]> = rows.iter().map(|row| row.0.as_slice()).collect();
        let records: Vec<&[u8]> = rows.iter().map(|row| row.1.as_slice()).collect();
        sqlx::query(AssertSqlSafe(sql)).bind(keys).bind(records).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn look_up(conn: &mut PgConnection, table: &str, way: &str, keys: &[Vec<u8>]) -> Result<usize> {
    let sql = if way == "any" {
        format!("SELECT record_key, record FROM {table} WHERE record_key = ANY ($1)")
    } else {
        format!(
            "SELECT s.record_key, s.record FROM unnest($1::bytea[]) AS k (key) JOIN {table} s ON s.record_key = k.key"
        )
    };
    Ok(sqlx::query(AssertSqlSafe(sql)).bind(keys).fetch_all(conn).await?.len())
}

async fn wal_bytes(conn: &mut PgConnection) -> Result<i64> {
    let row = sqlx::query("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").fetch_one(conn).await?;
    Ok(row.try_get(0)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut conn = PgConnection::connect(&std::env::var("DATABASE_URL")?).await?;
    run(&mut conn, "SET plan_cache_mode = force_generic_plan".to_owned()).await?;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut conn).await?;
    let mut keys = Keys(0x9E37_79B9_7F4A_7C15);
    let per_row = |seconds: f64, rows: usize| seconds * 1e6 / rows as f64;
    println!("{:<34} {:>9} {:>9} {:>9}", "", "server µs", "wall µs", "WAL bytes");
    for parts in [0, 8, 32] {
        let table = format!("measure_{parts}");
        make(&mut conn, &table, parts).await?;
        for (way, sorted) in
            [("unnest", false), ("unnest", true), ("unnest order by", false), ("copy", false), ("copy", true)]
        {
            let (before, wal, wall) = (server_seconds(pid), wal_bytes(&mut conn).await?, Instant::now());
            for _ in 0..ROUNDS {
                let rows = keys.rows(sorted);
                insert(&mut conn, &table, way, &rows).await?;
            }
            let rows = ROWS * usize::try_from(ROUNDS)?;
            let wal = (wal_bytes(&mut conn).await? - wal) / i64::try_from(rows)?;
            println!(
                "{:<34} {:>9.2} {:>9.2} {wal:>9}",
                format!("{parts} parts, {way}{}", if sorted { " sorted" } else { "" }),
                per_row(server_seconds(pid) - before, rows),
                per_row(wall.elapsed().as_secs_f64(), rows),
            );
        }
        for (way, size) in [("any", 50), ("unnest", 50), ("any", ROWS), ("unnest", ROWS)] {
            let rounds = 100_000 / size;
            let known = format!(
                "SELECT array_agg(sha256(((i * 7919) % {PRELOADED})::text::bytea)) FROM generate_series(1, {size}) AS i"
            );
            let sample: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(known)).fetch_one(&mut conn).await?;
            look_up(&mut conn, &table, way, &sample).await?;
            let (before, wall) = (server_seconds(pid), Instant::now());
            for _ in 0..rounds {
                look_up(&mut conn, &table, way, &sample).await?;
            }
            println!(
                "{:<34} {:>9.2} {:>9.2}",
                format!("{parts} parts, look up {size} by {way}"),
                per_row(server_seconds(pid) - before, rounds * size),
                per_row(wall.elapsed().as_secs_f64(), rounds * size),
            );
        }
        run(&mut conn, format!("DROP TABLE {table}")).await?;
    }
    Ok(())
}
