//! `domains:add`.

use anyhow::Result;
use api::client::domains;

use crate::{context::Context, items::AppArg};

/// Binds a domain to an application.
///
/// A name without a dot stands for a name under the platform's own domain; `*.` in front stands for all names below.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli domains:add www.example.com -a blog")]
pub struct Args {
    /// The domain
    domain: String,
    #[command(flatten)]
    app: AppArg,
}

/// Adds it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Adding {} to {}... ", args.domain, session.app))?;
    domains::add(&session.client, &session.app, &args.domain).await?;
    Ok(progress.done("done")?)
}
