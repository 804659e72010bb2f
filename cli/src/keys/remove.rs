//! `keys:remove`.

use anyhow::Result;
use api::client::keys;

use crate::context::Context;

/// Removes an SSH key for the logged in user.
///
/// Nobody can push with it any more.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli keys:remove ana@laptop")]
pub struct Args {
    /// Name of the key, as `keys:list` shows it
    key: String,
}

/// Removes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let progress = context.ui.begin(&format!("Removing {} SSH Key... ", args.key))?;
    keys::remove(&session.client, &args.key).await?;
    Ok(progress.done("done")?)
}
