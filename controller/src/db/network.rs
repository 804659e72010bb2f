//! Subnets of apps, each given to one app at a time and rested before it is given to another.

use ipnet::Ipv4Net;
use sqlx::{PgConnection, PgExecutor};

/// A subnet that belongs to an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its addresses.
    pub subnet: Ipv4Net,
    /// Name of its bridge.
    pub bridge: String,
}

/// The app's network, once it has one.
pub async fn find(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Option<Network>, sqlx::Error> {
    let row = sqlx::query!(r#"select subnet::text as "subnet!", bridge from networks where app_id = $1"#, app_id)
        .fetch_optional(executor)
        .await?;
    row.map(|row| Ok(Network { subnet: super::parse(&row.subnet)?, bridge: row.bridge })).transpose()
}

/// Subnets that are taken or resting. Forgets those that have rested for 10 minutes.
pub async fn taken(tx: &mut PgConnection) -> Result<Vec<Ipv4Net>, sqlx::Error> {
    sqlx::query!("delete from networks where app_id is null and freed_at < now() - interval '10 minutes'")
        .execute(&mut *tx)
        .await?;
    let rows = sqlx::query_scalar!(r#"select subnet::text as "subnet!" from networks"#).fetch_all(tx).await?;
    rows.iter().map(|text| super::parse(text)).collect()
}

/// Gives `network` to the app; false when somebody was faster.
pub async fn claim(executor: impl PgExecutor<'_>, app_id: i64, network: &Network) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into networks (app_id, subnet, bridge) values ($1, $2::text::cidr, $3) on conflict do nothing",
        app_id,
        network.subnet.to_string(),
        network.bridge
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The app needs its network no more; the subnet rests.
pub async fn free(executor: impl PgExecutor<'_>, app_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update networks set app_id = null, freed_at = now() where app_id = $1", app_id)
        .execute(executor)
        .await
        .map(drop)
}
