//! `labels:unset`.

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};

use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets labels for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli labels:unset team git_repo -a blog")]
pub struct Args {
    /// The labels
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Removes them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Removing labels on {}... ", session.app))?;
    let update = UpdateSettings { label: items::unset(&args.keys), ..UpdateSettings::default() };
    settings::update(&session.client, &session.app, &update).await?;
    Ok(progress.done("done")?)
}
