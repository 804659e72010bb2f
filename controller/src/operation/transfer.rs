//! Another owner.

use super::Actor;
use crate::{
    db::{self, app::App, event::Level},
    error::Error,
    state::State,
};

/// Hands the app to `new_owner`, who needs no rights on it before. The old owner keeps none.
pub async fn transfer(state: &State, app: &App, actor: &Actor, new_owner: &Actor) -> Result<(), Error> {
    let mut tx = state.pool.begin().await?;
    db::app::lock_structure(&mut *tx, app.id).await?.ok_or(Error::Missing("App"))?;
    db::app::set_owner(&mut *tx, app.id, new_owner.user_id).await?;
    db::collaborator::delete(&mut *tx, app.id, new_owner.user_id).await?;
    let line = format!("{} transferred ownership to {}", actor.username, new_owner.username);
    db::event::add(&mut *tx, app.id, Level::Info, &line).await?;
    Ok(tx.commit().await?)
}
