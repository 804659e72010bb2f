//! `certs:remove`.

use anyhow::Result;
use api::client::certs;

use crate::context::Context;

/// Removes a certificate and its key.
///
/// Domains that it is attached to are served with it no more.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli certs:remove web-2024")]
pub struct Args {
    /// Name of the certificate
    name: String,
}

/// Removes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let progress = context.ui.begin(&format!("Removing {}... ", args.name))?;
    certs::remove(&session.client, &args.name).await?;
    Ok(progress.done("done")?)
}
