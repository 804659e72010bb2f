//! The database as one moment saw it, for a backup; and what a restored one must forget of the machine it comes from.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, PgConnection, PgExecutor};
use uuid::Uuid;

use super::build::KEPT;

/// An image that an app needs, for what runs or for a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The app.
    pub app: Uuid,
    /// What its user calls it.
    pub name: String,
    /// What the platform runs.
    pub reference: String,
}

/// Begins a transaction that sees one moment, and answers the name by which another connection sees the same one. It may
/// idle: whoever works meanwhile works on files.
pub async fn begin(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::query("begin isolation level repeatable read read only").execute(&mut *connection).await?;
    sqlx::query("set local idle_in_transaction_session_timeout = 0").execute(&mut *connection).await?;
    sqlx::query_scalar!(r#"select pg_export_snapshot() as "snapshot!""#).fetch_one(connection).await
}

/// How many rows each table has.
pub async fn tables(connection: &mut PgConnection) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let names = sqlx::query!(
        r#"select c.relname::text as "name!", quote_ident(c.relname) as "quoted!"
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = current_schema() and c.relkind in ('r', 'p') order by 1"#
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut counts = BTreeMap::new();
    for table in names {
        // A table's name is no value; the database itself has quoted it.
        let query = AssertSqlSafe(format!("select count(*) from {}", table.quoted));
        counts.insert(table.name, sqlx::query_scalar(query).fetch_one(&mut *connection).await?);
    }
    Ok(counts)
}

/// The images that a running app or a rollback needs: those that [`super::build::expire_images`] leaves alone.
pub async fn needed_images(executor: impl PgExecutor<'_>) -> Result<Vec<Needed>, sqlx::Error> {
    sqlx::query_as!(
        Needed,
        r#"with good as (
            select app_id, build_id, row_number() over (partition by app_id order by version desc) as age
            from releases where state = 'good' and build_id is not null
         ), kept as (
            select build_id from good where age <= $1
            union select build_id from releases where state = 'pending'
            union select r.build_id from instances i join releases r on r.id = i.release_id
            union select r.build_id from runs n join releases r on r.id = n.release_id
         )
         select distinct a.uuid as app, a.name, b.image_ref as reference
         from kept k join builds b on b.id = k.build_id join apps a on a.id = b.app_id
         where a.destroyed_at is null and b.image_dropped_at is null order by a.name, b.image_ref"#,
        KEPT
    )
    .fetch_all(executor)
    .await
}

/// The installation and its canary.
pub async fn canary(executor: impl PgExecutor<'_>) -> Result<Option<(Uuid, Vec<u8>)>, sqlx::Error> {
    let row = sqlx::query!("select uuid, key_canary from installation").fetch_optional(executor).await?;
    Ok(row.map(|row| (row.uuid, row.key_canary)))
}

/// A sealed config.
#[derive(Debug)]
pub struct Sealed {
    /// Its app.
    pub app: Uuid,
    /// What the app's user calls it.
    pub name: String,
    /// The row.
    pub row: Uuid,
    /// What only the key opens.
    pub blob: Vec<u8>,
}

/// The configs of the newest good release of each app: without them it cannot serve.
pub async fn configs(executor: impl PgExecutor<'_>) -> Result<Vec<Sealed>, sqlx::Error> {
    sqlx::query_as!(
        Sealed,
        "select distinct on (r.app_id) a.uuid as app, a.name, c.uuid as row, c.sealed as blob
         from releases r join apps a on a.id = r.app_id join configs c on c.id = r.config_id
         where r.state = 'good' and a.destroyed_at is null order by r.app_id, r.version desc"
    )
    .fetch_all(executor)
    .await
}

/// Forgets what only the machine before had: instances, networks, routers, builds under way. All of it is made again.
pub async fn forget_machine(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    // Versions of the routes begin anew: no router may take the old machine's for newer ones.
    sqlx::query!(
        "update installation set routes_epoch = greatest(routes_epoch + 1, extract(epoch from now())::bigint)"
    )
    .execute(&mut *tx)
    .await?;
    // An address of the old machine may be another app's on the new one.
    sqlx::query!("update routes set document = jsonb_set(document, '{endpoints}', '[]') where document is not null")
        .execute(&mut *tx)
        .await?;
    sqlx::query!("delete from instances").execute(&mut *tx).await?;
    sqlx::query!("delete from runs").execute(&mut *tx).await?;
    sqlx::query!("delete from networks").execute(&mut *tx).await?;
    sqlx::query!("delete from routers").execute(&mut *tx).await?;
    // The old machine has told them; what it had not told is old news.
    sqlx::query!("delete from deploy_hooks").execute(&mut *tx).await?;
    sqlx::query!("delete from push_locks").execute(&mut *tx).await?;
    sqlx::query!("update apps set lease_owner = null, lease_until = null").execute(&mut *tx).await?;
    sqlx::query!("update pushes set lease_owner = null, lease_until = null").execute(&mut *tx).await?;
    sqlx::query!("update drain_sender set owner = null, until = null").execute(&mut *tx).await?;
    sqlx::query!(
        "update pushes set state = 'failed', finished_at = now(),
            reason = 'The platform was restored from a backup; push again.'
         where state in ('queued', 'building')"
    )
    .execute(&mut *tx)
    .await
    .map(drop)
}

/// Names images as this machine has them: by their ids. A registry's digest would have to be asked for there. Builds
/// whose image is not among them have none any more.
pub async fn name_images(tx: &mut PgConnection, references: &[String], ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update builds set image_dropped_at = now() where image_dropped_at is null and image_ref <> all($1)",
        references
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update builds set image_ref = named.id from unnest($1::text[], $2::text[]) named (reference, id)
         where builds.image_ref = named.reference",
        references,
        ids
    )
    .execute(tx)
    .await
    .map(drop)
}
