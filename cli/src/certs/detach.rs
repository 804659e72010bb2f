//! `certs:detach`.

use anyhow::Result;
use api::client::certs;

use crate::context::Context;

/// Detaches a certificate from a domain.
///
/// The domain is served with it no more; the certificate stays, and so does what else it is attached to.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli certs:detach web-2024 www.example.com")]
pub struct Args {
    /// Name of the certificate
    name: String,
    /// The domain
    domain: String,
}

/// Detaches it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let work = format!("Detaching certificate {} from domain {}... ", args.name, args.domain);
    let progress = context.ui.begin(&work)?;
    certs::detach(&session.client, &args.name, &args.domain).await?;
    Ok(progress.done("done")?)
}
