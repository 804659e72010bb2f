//! `doctor`: what is in the way between a user and a running app, found before anybody has to ask.
//!
//! A check is a file. It asks one thing after the other and reports what it finds, with what to do next; where it finds
//! that nothing behind it can work, the checks behind it are left out.

mod app;
mod controller;
mod git;
mod known;
mod report;
mod settings;
mod ssh;
mod token;

use anyhow::Result;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};
use report::Report;

/// Checks settings, controller, git, SSH and the application, and says what to do about what is wrong.
///
/// Each line is ok, a warning or a failure; with a failure the exit code is 1. Nothing is changed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli doctor\n  \
    mycli doctor -a blog --json")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Checks one after the other.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let mut report = Report::new(&context.ui, args.json.json);
    examine(args, context, &mut report).await?;
    report.end()
}

async fn examine(args: &Args, context: &Context, report: &mut Report<'_>) -> Result<()> {
    let Some(settings) = settings::check(context, report)? else { return Ok(()) };
    if !controller::check(&settings, context, report).await? {
        return Ok(());
    }
    let Some(session) = token::check(context, report).await? else { return Ok(()) };
    let remote = git::check(&session, context, report).await?;
    ssh::check(&session, context, report).await?;
    app::check(args.app.app.clone().or(remote), &session, context, report).await
}
