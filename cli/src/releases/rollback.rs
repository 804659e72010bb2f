//! `releases:rollback`, better known as `rollback`.

use anyhow::Result;
use api::client::releases;

use super::version;
use crate::{context::Context, items::AppArg};

/// Rolls back to a previous application release.
///
/// It makes a new release of the earlier one's image and config, so it can be rolled back too.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli rollback -a blog      to the release before\n  \
    mycli rollback v3 -a blog")]
pub struct Args {
    /// The release: `v3` or `3` [default: the one before the latest]
    version: Option<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Rolls back.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let version = args.version.as_deref().map(version::parse).transpose()?;
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&match version {
        Some(version) => format!("Rolling back to v{version}... "),
        None => "Rolling back one release... ".to_owned(),
    })?;
    let made = releases::rollback(&session.client, &session.app, version).await?;
    Ok(progress.done(&format!("done, v{}", made.version))?)
}
