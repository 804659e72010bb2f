//! `domains:remove`.

use anyhow::Result;
use api::client::domains;

use crate::{context::Context, items::AppArg};

/// Unbinds a domain from an application.
///
/// The application is no longer reached under it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli domains:remove www.example.com -a blog")]
pub struct Args {
    /// The domain
    domain: String,
    #[command(flatten)]
    app: AppArg,
}

/// Removes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Removing {} from {}... ", args.domain, session.app))?;
    domains::remove(&session.client, &session.app, &args.domain).await?;
    Ok(progress.done("done")?)
}
