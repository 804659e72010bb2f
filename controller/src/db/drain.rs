//! Drains: where lines are sent on to, their URLs sealed, and how far each has got.

use std::collections::{BTreeMap, HashMap};

use api::names::{AppName, DrainUrl};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::{
    error::Error,
    vault::{Place, Vault},
};

/// Most drains of one app.
pub const MAX: usize = 5;

/// A drain.
#[derive(Clone, Debug)]
pub struct Drain {
    /// Joins.
    pub id: i64,
    /// Public identity.
    pub uuid: Uuid,
    /// The app whose lines are sent; all apps when none.
    pub app_id: Option<i64>,
    /// Where to; none where the key that opens it is gone.
    pub url: Option<DrainUrl>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Messages that arrived.
    pub sent: i64,
    /// Lines that were gone before they could be sent.
    pub dropped: i64,
    /// When something last arrived.
    pub sent_at: Option<DateTime<Utc>>,
    /// Why something last did not.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<DateTime<Utc>>,
}

/// How far an app's lines were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The next line of its log.
    pub sequence: u64,
    /// The last of the controller's own lines.
    pub event_id: i64,
}

/// What a drain has done since this was last told.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Where it stands, by app.
    pub marks: BTreeMap<i64, Mark>,
    /// Messages that arrived.
    pub sent: u64,
    /// Lines that were gone.
    pub dropped: u64,
    /// Why something did not arrive.
    pub error: Option<String>,
}

struct Row {
    id: i64,
    uuid: Uuid,
    app_id: Option<i64>,
    sealed_url: Vec<u8>,
    created_at: DateTime<Utc>,
    sent: i64,
    dropped: i64,
    sent_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
    last_error_at: Option<DateTime<Utc>>,
}

impl Row {
    fn open(self, vault: &Vault) -> Drain {
        let opened = vault.open(place(self.uuid), &self.sealed_url).and_then(|plain| {
            let text = String::from_utf8(plain)?;
            Ok(DrainUrl::parse(&text)?)
        });
        let url =
            opened.inspect_err(|error| tracing::error!(%error, drain = %self.uuid, "a drain cannot be read")).ok();
        Drain {
            id: self.id,
            uuid: self.uuid,
            app_id: self.app_id,
            url,
            created_at: self.created_at,
            sent: self.sent,
            dropped: self.dropped,
            sent_at: self.sent_at,
            last_error: self.last_error,
            last_error_at: self.last_error_at,
        }
    }
}

/// A row's uuid alone says where its URL belongs.
fn place(uuid: Uuid) -> Place {
    Place { app: Uuid::nil(), row: uuid }
}

/// Adds a drain of an app, or of all. What it has sent is said by [`put_marks`].
pub async fn insert(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    app_id: Option<i64>,
    url: &DrainUrl,
) -> Result<Drain, Error> {
    let uuid = Uuid::now_v7();
    let sealed = vault.seal(place(uuid), url.as_str().as_bytes())?;
    let row = sqlx::query_as!(
        Row,
        "insert into drains (uuid, app_id, sealed_url) values ($1, $2, $3)
         returning id, uuid, app_id, sealed_url, created_at, sent, dropped, sent_at, last_error, last_error_at",
        uuid,
        app_id,
        sealed
    )
    .fetch_one(executor)
    .await?;
    Ok(row.open(vault))
}

/// The drains of an app, or those of all apps, in the order in which they were added.
pub async fn list(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    app_id: Option<i64>,
) -> Result<Vec<Drain>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select id, uuid, app_id, sealed_url, created_at, sent, dropped, sent_at, last_error, last_error_at
         from drains where app_id is not distinct from $1 order by id",
        app_id
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| row.open(vault)).collect())
}

/// Every drain that there is something to send to, without those of apps that are being deleted.
pub async fn live(executor: impl PgExecutor<'_>, vault: &Vault) -> Result<Vec<Drain>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select d.id, d.uuid, d.app_id, d.sealed_url, d.created_at, d.sent, d.dropped, d.sent_at, d.last_error,
            d.last_error_at
         from drains d left join apps a on a.id = d.app_id where a.destroyed_at is null order by d.id"
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| row.open(vault)).collect())
}

/// Whether there is any drain.
pub async fn any(executor: impl PgExecutor<'_>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from drains) as "any!""#).fetch_one(executor).await
}

/// The apps of which some drain is told, as they are called now.
pub async fn apps(executor: impl PgExecutor<'_>) -> Result<Vec<(i64, Uuid, AppName)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, uuid, name from apps where destroyed_at is null
            and (exists (select from drains where app_id is null)
                or exists (select from drains where app_id = apps.id))"
    )
    .fetch_all(executor)
    .await?;
    let apps = rows.into_iter().map(|row| Ok((row.id, row.uuid, AppName::parse(&row.name).map_err(super::decode)?)));
    apps.collect()
}

/// Removes a drain of the app, or of all apps. What it was; none when it is gone already.
pub async fn delete(
    executor: impl PgExecutor<'_>,
    vault: &Vault,
    app_id: Option<i64>,
    uuid: Uuid,
) -> Result<Option<Drain>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "delete from drains where app_id is not distinct from $1 and uuid = $2
         returning id, uuid, app_id, sealed_url, created_at, sent, dropped, sent_at, last_error, last_error_at",
        app_id,
        uuid
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| row.open(vault)))
}

/// How far the drain is, by app, and when that was told.
pub async fn marks(executor: impl PgExecutor<'_>, id: i64) -> Result<HashMap<i64, (Mark, DateTime<Utc>)>, sqlx::Error> {
    let rows = sqlx::query!("select app_id, sequence, event_id, at from drain_places where drain_id = $1", id)
        .fetch_all(executor)
        .await?;
    let mark = |sequence: i64, event_id| Mark { sequence: sequence.try_into().unwrap_or_default(), event_id };
    Ok(rows.into_iter().map(|row| (row.app_id, (mark(row.sequence, row.event_id), row.at))).collect())
}

/// Says how far the drain is. Apps that are gone are passed over.
pub async fn put_marks(tx: &mut PgConnection, id: i64, marks: &BTreeMap<i64, Mark>) -> Result<(), sqlx::Error> {
    let apps: Vec<i64> = marks.keys().copied().collect();
    let sequences: Vec<i64> = marks.values().map(|mark| mark.sequence.try_into().unwrap_or(i64::MAX)).collect();
    let events: Vec<i64> = marks.values().map(|mark| mark.event_id).collect();
    sqlx::query!(
        "insert into drain_places (drain_id, app_id, sequence, event_id)
         select $1, m.app_id, m.sequence, m.event_id
            from unnest($2::bigint[], $3::bigint[], $4::bigint[]) m (app_id, sequence, event_id)
            join apps a on a.id = m.app_id join drains d on d.id = $1
         on conflict (drain_id, app_id) do update
         set sequence = excluded.sequence, event_id = excluded.event_id, at = now()",
        id,
        &apps,
        &sequences,
        &events
    )
    .execute(tx)
    .await
    .map(drop)
}

/// Keeps what the drain has done.
pub async fn advance(tx: &mut PgConnection, id: i64, progress: &Progress) -> Result<(), sqlx::Error> {
    put_marks(&mut *tx, id, &progress.marks).await?;
    sqlx::query!(
        "update drains set sent = sent + $2, dropped = dropped + $3,
            sent_at = case when $2 > 0 then now() else sent_at end,
            last_error = coalesce($4, last_error), last_error_at = case when $4 is null then last_error_at else now() end
         where id = $1",
        id,
        i64::try_from(progress.sent).unwrap_or(i64::MAX),
        i64::try_from(progress.dropped).unwrap_or(i64::MAX),
        progress.error
    )
    .execute(tx)
    .await
    .map(drop)
}
