//! Another name. Only that: what runs has its names on the platform for life, repositories go by the app's uuid, and
//! releases keep the name that they were made under.

use api::names::{AppName, DomainName};
use sqlx::PgConnection;

use super::{Actor, create};
use crate::{
    db::{
        self,
        app::App,
        event::Level,
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

/// Gives the app another name when the transaction commits, and with it the domain of that name in place of the old
/// one: routers change from one to the other in one step.
pub async fn rename(
    tx: &mut PgConnection,
    state: &State,
    app: &App,
    actor: &Actor,
    name: &AppName,
) -> Result<(), Error> {
    create::check_reserved(state, name)?;
    db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    if *name == app.name {
        return Err(Error::Conflict(format!("{} changed nothing", actor.username)));
    }
    let domain = |name: &AppName| DomainName::parse(name.as_str()).map_err(|error| Error::name("id", error));
    let (old, new) = (domain(&app.name)?, domain(name)?);
    db::release::keep_name(&mut *tx, app.id, &app.name).await?;
    db::app::set_name(&mut *tx, app.id, name).await?;
    let mut lines = vec![format!("{} renamed {} to {name}", actor.username, app.name)];
    if db::domain::delete(&mut *tx, app.id, &old).await? {
        lines.push(format!("domain {old} removed"));
    }
    // It may have been given that domain before.
    if db::domain::find_app(&mut *tx, &new).await? != Some(app.id) {
        db::domain::insert(&mut *tx, app.id, actor.user_id, &new).await.map_err(create::name_is_a_domain)?;
        lines.push(format!("domain {new} added"));
    }
    for line in lines {
        db::event::add(&mut *tx, app.id, Level::Info, &line).await?;
    }
    Ok(notify(tx, Signal::App(app.id)).await?)
}
