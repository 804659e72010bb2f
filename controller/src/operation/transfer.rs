//! Another owner.

use sqlx::PgConnection;

use super::Actor;
use crate::{
    db::{self, app::App, event::Level},
    error::Error,
};

/// Hands the app to `new_owner`, who needs no rights on it before. The old owner keeps none.
pub async fn transfer(tx: &mut PgConnection, app: &App, actor: &Actor, new_owner: &Actor) -> Result<(), Error> {
    db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    db::app::set_owner(&mut *tx, app.id, new_owner.user_id).await?;
    db::collaborator::delete(&mut *tx, app.id, new_owner.user_id).await?;
    let line = format!("{} transferred ownership to {}", actor.username, new_owner.username);
    Ok(db::event::add(tx, app.id, Level::Info, &line).await?)
}
