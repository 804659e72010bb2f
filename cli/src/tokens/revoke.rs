//! `tokens:revoke`.

use anyhow::Result;
use api::client::tokens;

use crate::context::Context;

/// Revokes a token of a program, which gets in no more from that moment on.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli tokens:revoke ci")]
pub struct Args {
    /// What it is called
    name: String,
}

/// Revokes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let progress = context.ui.begin(&format!("Revoking {} token... ", args.name))?;
    tokens::revoke(&session.client, &args.name).await?;
    Ok(progress.done("done")?)
}
