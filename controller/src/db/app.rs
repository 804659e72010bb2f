//! Apps. Destroyed ones are seen only by whoever takes them down.

use std::collections::BTreeMap;

use api::names::{AppName, PlatformName, ProcessType};
use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, PgPool, types::Json};
use uuid::Uuid;

use super::{OnConstraint, build::Procfile};
use crate::error::Error;

/// The formation: wanted instances per process type.
pub type Structure = BTreeMap<ProcessType, u32>;

/// An app.
#[derive(Clone, Debug)]
pub struct App {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// Its name now.
    pub name: AppName,
    /// Its name on the platform, for life.
    pub platform_name: PlatformName,
    /// The owner's id.
    pub owner_id: i64,
    /// The owner's name.
    pub owner: String,
    /// Wanted instances.
    pub structure: Structure,
    /// Everything of it is to be deleted.
    pub destroyed: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

struct Row {
    id: i64,
    uuid: Uuid,
    name: String,
    platform_name: String,
    owner_id: i64,
    owner: String,
    structure: Json<Structure>,
    destroyed: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for App {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            name: AppName::parse(&row.name).map_err(super::decode)?,
            platform_name: PlatformName::parse(&row.platform_name).map_err(super::decode)?,
            owner_id: row.owner_id,
            owner: row.owner,
            structure: row.structure.0,
            destroyed: row.destroyed,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What a new app starts with.
pub struct NewApp<'a> {
    /// Public identity.
    pub uuid: Uuid,
    /// Wanted name.
    pub name: &'a AppName,
    /// Name on the platform.
    pub platform_name: &'a PlatformName,
    /// Owner.
    pub owner_id: i64,
}

/// Adds an app and answers its id.
pub async fn insert(executor: impl PgExecutor<'_>, app: NewApp<'_>) -> Result<i64, Error> {
    sqlx::query_scalar!(
        "insert into apps (uuid, name, platform_name, owner_id) values ($1, $2, $3, $4) returning id",
        app.uuid,
        app.name.as_str(),
        app.platform_name.as_str(),
        app.owner_id
    )
    .fetch_one(executor)
    .await
    .on_constraint("apps_name_key", || Error::field("id", "Application with this id already exists."))
}

/// The living app of that name.
pub async fn find(executor: impl PgExecutor<'_>, name: &AppName) -> Result<Option<App>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select a.id, a.uuid, a.name, a.platform_name, a.owner_id, u.username as owner,
            a.structure as "structure: Json<Structure>", a.destroyed_at is not null as "destroyed!", a.created_at, a.updated_at
         from apps a join users u on u.id = a.owner_id
         where a.name = $1 and a.destroyed_at is null"#,
        name.as_str()
    )
    .fetch_optional(executor)
    .await?;
    row.map(App::try_from).transpose()
}

/// The app with that id, destroyed or not.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<App>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select a.id, a.uuid, a.name, a.platform_name, a.owner_id, u.username as owner,
            a.structure as "structure: Json<Structure>", a.destroyed_at is not null as "destroyed!", a.created_at, a.updated_at
         from apps a join users u on u.id = a.owner_id where a.id = $1"#,
        id
    )
    .fetch_optional(executor)
    .await?;
    row.map(App::try_from).transpose()
}

/// What a list of apps tells of one.
pub struct Listed {
    /// Public identity.
    pub uuid: Uuid,
    /// Its name now.
    pub name: AppName,
    /// The owner's name.
    pub owner: String,
    /// Wanted instances.
    pub structure: Structure,
    /// Of the build of its latest good release.
    pub procfile: Procfile,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// Living apps that the user owns or shares, or all of them, by name; and how many there are in all. One statement, because
/// every client begins with this list; the Procfile is a column of its own, for which PostgreSQL looks up one release an app,
/// where it would join all builds otherwise.
pub async fn page(
    pool: &PgPool,
    user_id: i64,
    all: bool,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Listed>), sqlx::Error> {
    let rows = sqlx::query!(
        r#"select a.uuid, a.name, u.username as owner, a.structure as "structure: Json<Structure>",
            a.created_at, a.updated_at, a.total as "total!",
            (select b.procfile from releases r left join builds b on b.id = r.build_id
                where r.app_id = a.id and r.state = 'good' order by r.version desc limit 1) as "procfile?: Json<Procfile>"
         from (select *, count(*) over () as total from apps a
            where a.destroyed_at is null and ($2 or a.owner_id = $1
                or exists (select 1 from collaborators c where c.app_id = a.id and c.user_id = $1))
            order by a.name limit $3 offset $4) a
         join users u on u.id = a.owner_id
         order by a.name"#,
        user_id,
        all,
        limit,
        offset
    )
    .fetch_all(pool)
    .await?;
    let total = match rows.first() {
        Some(row) => row.total,
        // After the last one nobody says how many there were.
        None if offset > 0 => count(pool, user_id, all).await?,
        None => 0,
    };
    let listed = rows.into_iter().map(|row| {
        Ok(Listed {
            uuid: row.uuid,
            name: AppName::parse(&row.name).map_err(super::decode)?,
            owner: row.owner,
            structure: row.structure.0,
            procfile: row.procfile.map_or_else(Procfile::new, |procfile| procfile.0),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    });
    Ok((total, listed.collect::<Result<_, sqlx::Error>>()?))
}

/// How many apps [`page`] has in all.
async fn count(executor: impl PgExecutor<'_>, user_id: i64, all: bool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from apps a
         where a.destroyed_at is null and ($2 or a.owner_id = $1
            or exists (select 1 from collaborators c where c.app_id = a.id and c.user_id = $1))"#,
        user_id,
        all
    )
    .fetch_one(executor)
    .await
}

/// Ids and uuids of all apps, destroyed ones included: what a sweep looks at.
pub async fn all(executor: impl PgExecutor<'_>) -> Result<Vec<(i64, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!("select id, uuid from apps order by id").fetch_all(executor).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.uuid)).collect())
}

/// Ids of apps with operations that are not done, of those that somebody changed within the last seconds, of those
/// whose holder went away without giving them up, and of those with runs whose holder did: where there may be work that
/// no notification told of.
pub async fn restless_ids(executor: impl PgExecutor<'_>) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select app_id as "id!" from operations where state in ('queued', 'running')
         union
         select a.id from audit c join apps a on a.uuid = c.app_uuid where c.at > now() - interval '5 seconds'
         union
         select id from apps where lease_until < now()
         union
         select app_id from runs where held_until < now()"#
    )
    .fetch_all(executor)
    .await
}

/// Uuids of all apps, destroyed ones included.
pub async fn all_uuids(executor: impl PgExecutor<'_>) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select uuid from apps order by id").fetch_all(executor).await
}

/// The id of the app with that uuid, destroyed or not.
pub async fn id_of(executor: impl PgExecutor<'_>, uuid: Uuid) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!("select id from apps where uuid = $1", uuid).fetch_optional(executor).await
}

/// The formation, its row locked until the transaction ends.
pub async fn lock_structure(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<Structure>, sqlx::Error> {
    let structure = sqlx::query_scalar!(
        r#"select structure as "structure: Json<Structure>" from apps where id = $1 and destroyed_at is null for update"#,
        id
    )
    .fetch_optional(executor)
    .await?;
    Ok(structure.map(|json| json.0))
}

/// Sets the formation.
pub async fn set_structure(executor: impl PgExecutor<'_>, id: i64, structure: &Structure) -> Result<(), sqlx::Error> {
    sqlx::query!("update apps set structure = $2, updated_at = now() where id = $1", id, Json(structure) as _)
        .execute(executor)
        .await
        .map(drop)
}

/// Gives the app another name.
pub async fn set_name(executor: impl PgExecutor<'_>, id: i64, name: &AppName) -> Result<(), Error> {
    sqlx::query!("update apps set name = $2, updated_at = now() where id = $1", id, name.as_str())
        .execute(executor)
        .await
        .on_constraint("apps_name_key", || Error::field("id", "Application with this id already exists."))
        .map(drop)
}

/// Hands the app to another owner.
pub async fn set_owner(executor: impl PgExecutor<'_>, id: i64, owner_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update apps set owner_id = $2, updated_at = now() where id = $1", id, owner_id)
        .execute(executor)
        .await
        .map(drop)
}

/// Notes that the app changed.
pub async fn touch(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update apps set updated_at = now() where id = $1", id).execute(executor).await.map(drop)
}

/// Asks for the app to be taken down. False when it already was.
pub async fn destroy(executor: impl PgExecutor<'_>, id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("update apps set destroyed_at = now() where id = $1 and destroyed_at is null", id)
        .execute(executor)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Deletes the row of a destroyed app of which nothing is left.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from apps where id = $1 and destroyed_at is not null", id).execute(executor).await.map(drop)
}
