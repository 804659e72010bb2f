//! `apps:transfer`.

use anyhow::Result;
use api::client::apps;

use crate::{context::Context, items::AppArg};

/// Transfers ownership of an application to another user.
///
/// The old owner loses access unless the new one grants it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli apps:transfer -a blog ana")]
pub struct Args {
    /// The new owner
    username: String,
    #[command(flatten)]
    app: AppArg,
}

/// Hands it over.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Transferring {} to {}... ", session.app, args.username))?;
    apps::transfer(&session.client, &session.app, &args.username).await?;
    Ok(progress.done("done")?)
}
