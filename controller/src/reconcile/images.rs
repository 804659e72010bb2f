//! What the platform keeps for rollbacks, and when it need not any more.

use super::TickError;
use crate::{
    db::{self, app::App, event::Level},
    lease::Held,
    platform::{self, Action},
    state::State,
    workload,
};

/// Gives up the images that no rollback can need any more.
pub async fn expire_images(state: &State, held: &Held) -> Result<(), TickError> {
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, held.lease).await?;
    let Some(app) = db::app::get(&mut *tx, held.lease.app_id).await? else { return Ok(()) };
    let images = db::build::expire_images(&mut *tx, app.id).await?;
    db::commit(tx).await?;
    for reference in images {
        if let Err(error) = forget(state, held, &app, reference).await? {
            db::event::add(&state.pool, app.id, Level::Warn, &format!("an old image could not be removed: {error}"))
                .await?;
        }
    }
    Ok(())
}

/// Gives up an image that was prepared for a release that did not come to be, unless a build has it.
pub async fn discard_image(state: &State, held: &Held, app: &App, reference: String) -> Result<(), TickError> {
    if db::build::images(&state.pool, app.id).await?.contains(&reference) {
        return Ok(());
    }
    if let Err(error) = forget(state, held, app, reference).await? {
        // It goes with the app at the latest.
        tracing::warn!(%error, app = app.id, "an image that nothing came of stays");
    }
    Ok(())
}

/// Gives up all images of an app of which nothing else is left.
pub async fn forget_all(state: &State, held: &Held, app: &App) -> Result<(), TickError> {
    let images = held.within(state.platform.images(&workload::app_ref(app))).await?.map_err(TickError::Platform)?;
    for reference in images {
        forget(state, held, app, reference).await?.map_err(TickError::Platform)?;
    }
    Ok(())
}

/// Gives up what builds of an app left, of which nothing else is left.
pub async fn forget_builds(state: &State, held: &Held, app: &App) -> Result<(), TickError> {
    let pushes = db::push::uuids(&state.pool, app.id).await?;
    for push in &pushes {
        held.within(state.platform.forget_build(*push)).await?.map_err(TickError::Platform)?;
    }
    if !pushes.is_empty() {
        held.within(state.platform.forget_builds(&workload::app_ref(app))).await?.map_err(TickError::Platform)?;
    }
    Ok(())
}

async fn forget(
    state: &State,
    held: &Held,
    app: &App,
    reference: String,
) -> Result<Result<(), platform::Error>, TickError> {
    let action = Action::ForgetImage { reference };
    Ok(held.within(state.platform.apply(&workload::app_ref(app), &action)).await?)
}
