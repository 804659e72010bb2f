//! `apps:rename`.

use anyhow::Result;
use api::{client::apps, names::AppName};

use crate::{context::Context, items::AppArg, repository};

/// Gives an application another name.
///
/// It is then reached under the new name, and no longer under the old one. What runs goes on; its other domains stay.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli apps:rename journal -a blog")]
pub struct Args {
    /// The new name
    name: AppName,
    #[command(flatten)]
    app: AppArg,
}

/// Renames it, and has the remotes that lead to it follow.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let (ui, app, name) = (&context.ui, &session.app, &args.name);
    let progress = ui.begin(&format!("Renaming {app} to {name}... "))?;
    apps::rename(&session.client, app, name).await?;
    progress.done("done")?;
    // It is renamed by now: without a repository there is nothing to change in one.
    let renamed = repository::rename_remotes(&session.settings.controller, app.as_str(), name.as_str());
    for remote in renamed.unwrap_or_default() {
        ui.say(format!("Git remote {remote} leads to {name} now."))?;
    }
    Ok(())
}
