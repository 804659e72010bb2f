//! `certs:attach`.

use anyhow::Result;
use api::client::certs;

use crate::context::Context;

/// Attaches a certificate to a domain.
///
/// A certificate serves many domains, a domain has one certificate at a time. To renew one, add the new one under a new
/// name, detach the old one and attach the new one.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli certs:attach web-2024 www.example.com")]
pub struct Args {
    /// Name of the certificate
    name: String,
    /// The domain, which one of your applications has
    domain: String,
}

/// Attaches it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let work = format!("Attaching certificate {} to domain {}... ", args.name, args.domain);
    let progress = context.ui.begin(&work)?;
    certs::attach(&session.client, &args.name, &args.domain).await?;
    Ok(progress.done("done")?)
}
