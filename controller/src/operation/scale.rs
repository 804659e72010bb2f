//! Another formation; no release.

use api::names::ProcessType;
use sqlx::PgConnection;

use super::{
    Actor,
    formation::{self, Shape},
};
use crate::{
    db::{
        self,
        app::{App, Structure},
        event::Level,
        signal::{Signal, notify},
    },
    error::Error,
};

/// Wants `wanted` counts from when the transaction commits. False when they are wanted already.
pub async fn scale(tx: &mut PgConnection, app: &App, actor: &Actor, wanted: &Structure) -> Result<bool, Error> {
    let now = db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    let no_build = || Error::BadRequest("No build associated with this release".to_owned());
    let release = match db::release::pending(&mut *tx, app.id).await? {
        Some(pending) => Some(pending),
        None => db::release::latest_good(&mut *tx, app.id).await?,
    };
    let build_id = release.and_then(|release| release.build_id).ok_or_else(no_build)?;
    let build = db::build::get(&mut *tx, build_id).await?;
    let next = formation::scaled(&now, wanted, Shape::from(&build))?;
    if next == now {
        return Ok(false);
    }
    db::app::set_structure(&mut *tx, app.id, &next).await?;
    let counts: Vec<_> = wanted.iter().map(|(name, count)| format!("{name}={count}")).collect();
    let line = format!("{} scaled pods {}", actor.username, counts.join(" "));
    db::event::add(&mut *tx, app.id, Level::Info, &line).await?;
    notify(tx, Signal::App(app.id)).await?;
    Ok(true)
}

/// Wants another count of a type, for a reason of the platform's own. False when somebody has asked for another one
/// meanwhile, or a release is being rolled out: then nothing is done.
pub async fn rescale(
    tx: &mut PgConnection,
    app: &App,
    process_type: &ProcessType,
    (from, to): (u32, u32),
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let now = db::app::lock_structure(&mut *tx, app.id).await?;
    let Some(mut next) = now.filter(|now| now.get(process_type) == Some(&from)) else { return Ok(false) };
    if db::release::pending(&mut *tx, app.id).await?.is_some() {
        return Ok(false);
    }
    next.insert(process_type.clone(), to);
    db::app::set_structure(&mut *tx, app.id, &next).await?;
    let line = format!("autoscaler scaled pods {process_type}={to}: {reason}");
    db::event::add(&mut *tx, app.id, Level::Info, &line).await?;
    notify(tx, Signal::App(app.id)).await?;
    Ok(true)
}
