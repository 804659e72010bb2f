//! `apps:destroy`.

use std::time::Instant;

use anyhow::Result;
use api::{client::apps, names::AppName};

use crate::{context::Context, items::AppArg, report::Failure, repository};

/// Destroys an application.
///
/// Its processes, releases, config, domains and logs are gone for good. You are asked to type its name first.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli destroy -a blog\n  \
    mycli destroy -a blog --confirm=blog   for scripts")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Skip the question; must be the name of the application
    #[arg(long, value_name = "APP")]
    confirm: Option<String>,
}

/// Destroys it once its name was typed.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let (ui, app) = (&context.ui, &session.app);
    let typed = match &args.confirm {
        Some(typed) => typed.clone(),
        None => ask(app, context)?,
    };
    if typed != app.as_str() {
        return Err(Failure::new(format!("App {app} does not match confirm {typed}, aborting.")).into());
    }
    ui.say(format!("Destroying {app}..."))?;
    let start = Instant::now();
    let progress = ui.begin("")?;
    apps::destroy(&session.client, app).await?;
    progress.done(&format!("done in {}s", start.elapsed().as_secs()))?;
    // With --app the folder may belong to something else.
    if session.detected && repository::remove_remotes(&session.settings.controller, app.as_str())? {
        ui.say(format!("Git remotes for app {app} removed."))?;
    }
    Ok(())
}

fn ask(app: &AppName, context: &Context) -> Result<String> {
    if !context.ui.can_ask() {
        return Err(Failure::new(format!("{app} was not destroyed: there is nobody to confirm it"))
            .hint(format!("To destroy it without a question: {} destroy -a {app} --confirm={app}", context.name))
            .into());
    }
    context.ui.say(format!(
        " !    WARNING: Potentially Destructive Action\n \
         !    This command will destroy the application: {app}\n \
         !    To proceed, type \"{app}\" or re-run this command with --confirm={app}\n"
    ))?;
    context.ui.ask("> ")
}
