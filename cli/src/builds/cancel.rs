//! `builds:cancel`.

use anyhow::Result;
use api::client::builds;
use uuid::Uuid;

use super::{build_id, latest};
use crate::{context::Context, items::AppArg};

/// Ends the build of a push.
///
/// A build can be ended until its image is there. What is being deployed then goes on; a release is undone with rollback.
#[derive(clap::Args)]
pub struct Args {
    /// The build [default: the newest]
    #[arg(value_parser = build_id)]
    build: Option<Uuid>,
    #[command(flatten)]
    app: AppArg,
}

/// Ends it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let build = latest::build(args.build, &session, context).await?;
    let progress = context.ui.begin(&format!("Cancelling build {build}... "))?;
    builds::cancel(&session.client, &session.app, build).await?;
    Ok(progress.done("done")?)
}
