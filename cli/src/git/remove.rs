//! `git:remove`.

use anyhow::Result;

use crate::{context::Context, items::AppArg, report::Failure, repository};

/// Removes the git remotes of an application from this repository.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Removes every one that leads to the application.
pub fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let app = &session.app;
    if !repository::remove_remotes(&session.settings.controller, app.as_str())? {
        return Err(Failure::new(format!("No git remote of this repository leads to app {app}.")).into());
    }
    Ok(context.ui.say(format!("Git remotes for app {app} removed."))?)
}
