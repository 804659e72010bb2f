//! Builds: images and how to start them. They never change.

use std::collections::BTreeMap;

use api::names::ProcessType;
use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// Good releases of an app whose images are kept for rollback.
pub const KEPT: i64 = 10;

/// Process types and their commands.
pub type Procfile = BTreeMap<ProcessType, String>;

/// How an image came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From a Dockerfile, pushed.
    Dockerfile,
    /// By a buildpack, pushed.
    Buildpack,
    /// Elsewhere; pulled by name.
    Image,
}

impl Kind {
    /// Deis's rule: a Dockerfile was built, else a commit was, else it is somebody's image.
    #[must_use]
    pub fn of(dockerfile: &str, sha: &str) -> Self {
        match (dockerfile, sha) {
            ("", "") => Self::Image,
            ("", _) => Self::Buildpack,
            _ => Self::Dockerfile,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Buildpack => "buildpack",
            Self::Image => "image",
        }
    }
}

/// A build.
#[derive(Clone, Debug)]
pub struct Build {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// Username of whoever made it.
    pub owner: String,
    /// The image as the user named it.
    pub image_given: String,
    /// What the platform runs.
    pub image_ref: String,
    /// Lowest port the image exposes.
    pub image_port: Option<u16>,
    /// The commit, or empty.
    pub sha: String,
    /// Process types and their commands.
    pub procfile: Procfile,
    /// Non-empty when a Dockerfile was built.
    pub dockerfile: String,
    /// The platform need not have the image any more.
    pub image_dropped: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Build {
    /// How the image came to be.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(&self.dockerfile, &self.sha)
    }
}

struct Row {
    id: i64,
    uuid: Uuid,
    owner: String,
    image_given: String,
    image_ref: String,
    image_port: Option<i32>,
    sha: String,
    procfile: Json<Procfile>,
    dockerfile: String,
    image_dropped: bool,
    created_at: DateTime<Utc>,
}

impl From<Row> for Build {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            uuid: row.uuid,
            owner: row.owner,
            image_given: row.image_given,
            image_ref: row.image_ref,
            image_port: row.image_port.and_then(|port| u16::try_from(port).ok()),
            sha: row.sha,
            procfile: row.procfile.0,
            dockerfile: row.dockerfile,
            image_dropped: row.image_dropped,
            created_at: row.created_at,
        }
    }
}

/// What a new build says.
pub struct NewBuild<'a> {
    /// Public identity.
    pub uuid: Uuid,
    /// The app.
    pub app_id: i64,
    /// Who makes it.
    pub user_id: i64,
    /// See [`Build::image_given`].
    pub image_given: &'a str,
    /// See [`Build::image_ref`].
    pub image_ref: &'a str,
    /// See [`Build::image_port`].
    pub image_port: Option<u16>,
    /// See [`Build::sha`].
    pub sha: &'a str,
    /// See [`Build::procfile`].
    pub procfile: &'a Procfile,
    /// See [`Build::dockerfile`].
    pub dockerfile: &'a str,
}

/// Adds a build. Answers its id.
pub async fn insert(executor: impl PgExecutor<'_>, build: NewBuild<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into builds (uuid, app_id, user_id, kind, image_given, image_ref, image_port, sha, procfile, dockerfile)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id",
        build.uuid,
        build.app_id,
        build.user_id,
        Kind::of(build.dockerfile, build.sha).as_str(),
        build.image_given,
        build.image_ref,
        build.image_port.map(i32::from),
        build.sha,
        Json(build.procfile) as _,
        build.dockerfile
    )
    .fetch_one(executor)
    .await
}

/// The build with that id.
pub async fn get(executor: impl PgExecutor<'_>, id: i64) -> Result<Build, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"select b.id, b.uuid, u.username as owner, b.image_given, b.image_ref, b.image_port, b.sha,
            b.procfile as "procfile: Json<Procfile>", b.dockerfile, b.image_dropped_at is not null as "image_dropped!", b.created_at
         from builds b join users u on u.id = b.user_id where b.id = $1"#,
        id
    )
    .fetch_one(executor)
    .await
    .map(Build::from)
}

/// The app's build with that uuid.
pub async fn find(executor: impl PgExecutor<'_>, app_id: i64, uuid: Uuid) -> Result<Option<Build>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select b.id, b.uuid, u.username as owner, b.image_given, b.image_ref, b.image_port, b.sha,
            b.procfile as "procfile: Json<Procfile>", b.dockerfile, b.image_dropped_at is not null as "image_dropped!", b.created_at
         from builds b join users u on u.id = b.user_id where b.app_id = $1 and b.uuid = $2"#,
        app_id,
        uuid
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(Build::from))
}

/// The app's builds, newest first.
pub async fn list(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Build>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select b.id, b.uuid, u.username as owner, b.image_given, b.image_ref, b.image_port, b.sha,
            b.procfile as "procfile: Json<Procfile>", b.dockerfile, b.image_dropped_at is not null as "image_dropped!", b.created_at
         from builds b join users u on u.id = b.user_id where b.app_id = $1 order by b.id desc limit $2 offset $3"#,
        app_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(Build::from).collect())
}

/// How many builds the app has.
pub async fn count(executor: impl PgExecutor<'_>, app_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from builds where app_id = $1"#, app_id)
        .fetch_one(executor)
        .await
}

/// The Procfile of the latest good release of the app; empty when there is none.
pub async fn latest_procfile(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Procfile, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"select b.procfile as "procfile: Json<Procfile>"
         from (select build_id from releases where app_id = $1 and state = 'good' order by version desc limit 1) r
         join builds b on b.id = r.build_id"#,
        app_id
    )
    .fetch_optional(executor)
    .await?;
    Ok(found.map_or_else(Procfile::new, |procfile| procfile.0))
}

/// Marks the images that neither one of the [`KEPT`] newest good releases nor an instance or run needs, and answers those
/// that nothing else of the app refers to.
pub async fn expire_images(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "with kept as (
            (select build_id from releases where app_id = $1 and state = 'good' and build_id is not null
             order by version desc limit $2)
            union select build_id from releases where app_id = $1 and state = 'pending'
            union select r.build_id from instances i join releases r on r.id = i.release_id where i.app_id = $1
            union select r.build_id from runs n join releases r on r.id = n.release_id where n.app_id = $1
         ), expired as (
            update builds set image_dropped_at = now()
            where app_id = $1 and image_dropped_at is null and id not in (select build_id from kept where build_id is not null)
            returning image_ref
         )
         select distinct image_ref from expired
         where image_ref not in (select image_ref from builds b join kept k on k.build_id = b.id)
            and image_ref not in (select image_ref from pushes where app_id = $1 and state = 'deploying'
                and image_ref is not null)",
        app_id,
        KEPT
    )
    .fetch_all(executor)
    .await
}

/// References of all images of the app.
pub async fn images(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!("select distinct image_ref from builds where app_id = $1", app_id).fetch_all(executor).await
}
