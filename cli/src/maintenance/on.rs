//! `maintenance:on`.

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};

use crate::{context::Context, items::AppArg};

/// Enables maintenance mode for an application.
///
/// The router answers every request for it with 503 and a page that asks for patience. Its processes keep running.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli maintenance:on -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Switches it on.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    switch(true, &args.app, context).await
}

/// Switches it on or off.
pub async fn switch(on: bool, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let verb = if on { "Enabling" } else { "Disabling" };
    let progress = context.ui.begin(&format!("{verb} maintenance mode for {}... ", session.app))?;
    let update = UpdateSettings { maintenance: Some(on), ..UpdateSettings::default() };
    settings::update(&session.client, &session.app, &update).await?;
    Ok(progress.done("done")?)
}
