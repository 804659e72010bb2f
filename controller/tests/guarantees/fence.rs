//! A witness in the database of who writes.

use sqlx::PgPool;

const WITNESS: &str = include_str!("../../../tests/witness.sql");

/// Calls the witness.
pub async fn watch(pool: &PgPool) {
    sqlx::raw_sql(WITNESS).execute(pool).await.unwrap();
}

/// Fails when somebody wrote what was not theirs to write.
pub async fn kept(pool: &PgPool) -> Result<(), String> {
    let strays: Vec<String> =
        sqlx::query_scalar("select line from strays order by at limit 3").fetch_all(pool).await.unwrap();
    if strays.is_empty() { Ok(()) } else { Err(format!("written without the lease: {}", strays.join("; "))) }
}
