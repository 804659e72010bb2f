//! `routing:enable`.

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};

use crate::{context::Context, items::AppArg};

/// Enables routability for an app.
///
/// The router serves it under its domains; so it is from the beginning.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli routing:enable -a blog")]
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
    let progress = context.ui.begin(&format!("{verb} routing for {}... ", session.app))?;
    let update = UpdateSettings { routable: Some(on), ..UpdateSettings::default() };
    settings::update(&session.client, &session.app, &update).await?;
    Ok(progress.done("done")?)
}
