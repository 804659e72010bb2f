//! Process types that answer some paths of their app.

use std::collections::BTreeMap;

use api::names::{PathPattern, ProcessType};
use sqlx::PgExecutor;

/// The paths of each process type that has some.
pub type Services = BTreeMap<ProcessType, PathPattern>;

/// The app's services, the newest first.
pub async fn list(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<(ProcessType, PathPattern)>, sqlx::Error> {
    let rows =
        sqlx::query!("select process_type, path_pattern from services where app_id = $1 order by id desc", app_id)
            .fetch_all(executor)
            .await?;
    let services = rows.into_iter().map(|row| {
        let process_type = ProcessType::parse(&row.process_type).map_err(super::decode)?;
        Ok((process_type, PathPattern::parse(&row.path_pattern).map_err(super::decode)?))
    });
    services.collect()
}

/// Gives the type these paths. False when it has them already.
pub async fn set(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    user_id: i64,
    process_type: &ProcessType,
    paths: &PathPattern,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into services (app_id, user_id, process_type, path_pattern) values ($1, $2, $3, $4)
         on conflict on constraint services_key do update
         set path_pattern = excluded.path_pattern, user_id = excluded.user_id, updated_at = now()
         where services.path_pattern <> excluded.path_pattern",
        app_id,
        user_id,
        process_type.as_str(),
        paths.as_str()
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes its paths from the type. False when it has none.
pub async fn remove(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    process_type: &ProcessType,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("delete from services where app_id = $1 and process_type = $2", app_id, process_type.as_str())
            .execute(executor)
            .await?;
    Ok(done.rows_affected() == 1)
}
