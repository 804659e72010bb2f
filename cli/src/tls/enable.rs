//! `tls:enable`.

use anyhow::Result;
use api::client::tls;

use crate::{context::Context, items::AppArg};

/// Enables https-only requests for an application.
///
/// The router sends plain requests on to https (301), under every domain of the application. Attach a certificate to each of
/// them first (`mycli certs:attach`), unless a load balancer before the router speaks https.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli tls:enable -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Switches it on.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    switch(true, &args.app, context).await
}

/// Switches it on or off.
pub async fn switch(on: bool, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let verb = if on { "Enabling" } else { "Disabling" };
    let progress = context.ui.begin(&format!("{verb} https-only requests for {}... ", session.app))?;
    tls::enforce(&session.client, &session.app, on).await?;
    Ok(progress.done("done")?)
}
