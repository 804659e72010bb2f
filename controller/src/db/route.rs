//! The newest routes of each app, numbered in the order in which they were committed.

use api::routes::AppRoutes;
use sqlx::{PgConnection, PgExecutor, types::Json};
use uuid::Uuid;

use super::installation;

/// One app's routes, or its tombstone.
#[derive(Clone, Debug)]
pub struct Route {
    /// The app.
    pub app: Uuid,
    /// When it last changed, in versions.
    pub version: i64,
    /// None: the app was destroyed.
    pub routes: Option<AppRoutes>,
}

/// The app's routes as last written.
pub async fn find(executor: impl PgExecutor<'_>, app: Uuid) -> Result<Option<Route>, sqlx::Error> {
    let row =
        sqlx::query!(r#"select version, document as "document: Json<AppRoutes>" from routes where app_uuid = $1"#, app)
            .fetch_optional(executor)
            .await?;
    Ok(row.map(|row| Route { app, version: row.version, routes: row.document.map(|json| json.0) }))
}

/// Writes the app's routes, or its tombstone, and answers their version. Routes of all apps wait for this transaction.
pub async fn put(tx: &mut PgConnection, app: Uuid, routes: Option<&AppRoutes>) -> Result<i64, sqlx::Error> {
    let version = installation::next_routes_version(&mut *tx).await?;
    sqlx::query!(
        "insert into routes (app_uuid, version, document) values ($1, $2, $3)
         on conflict (app_uuid) do update set version = $2, document = $3, updated_at = now()",
        app,
        version,
        routes.map(Json) as _
    )
    .execute(tx)
    .await?;
    Ok(version)
}

/// What changed after `version`, in order.
pub async fn after(executor: impl PgExecutor<'_>, version: i64) -> Result<Vec<Route>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select app_uuid, version, document as "document: Json<AppRoutes>" from routes where version > $1 order by version"#,
        version
    )
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Route { app: row.app_uuid, version: row.version, routes: row.document.map(|json| json.0) })
        .collect())
}

/// The newest version.
pub async fn version(executor: impl PgExecutor<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select routes_version from installation").fetch_one(executor).await
}
