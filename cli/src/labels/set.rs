//! `labels:set`.

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};

use crate::{
    context::Context,
    items::{self, AppArg},
    report::Failure,
};

/// Sets labels for an application.
///
/// Labels are notes for people; the platform does nothing with them.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli labels:set team=frontend git_repo=https://example.com/blog -a blog")]
pub struct Args {
    /// The labels
    #[arg(required = true, value_name = "KEY=VALUE")]
    labels: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.labels.iter().map(|item| items::pair(item).ok_or_else(|| invalid(item)));
    let labels = items::set(pairs.collect::<Result<Vec<_>, _>>()?);
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Applying labels on {}... ", session.app))?;
    let update = UpdateSettings { label: labels, ..UpdateSettings::default() };
    settings::update(&session.client, &session.app, &update).await?;
    Ok(progress.done("done")?)
}

fn invalid(item: &str) -> Failure {
    Failure::new(format!(
        "{item} is invalid, Must be in format key=value\n\
         Examples: git_repo=https://github.com/deis/workflow team=frontend"
    ))
}
