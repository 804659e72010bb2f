//! `whitelist:add`.

use anyhow::Result;
use api::client::whitelist;

use super::addresses::{Addresses, joined};
use crate::{context::Context, items::AppArg};

/// Adds addresses to the whitelist of an application.
///
/// With the first one the application is closed to everybody else: the router answers them with 403. Behind a proxy
/// that the operator trusts, the address is that of the proxy's client.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli whitelist:add 203.0.113.7 -a blog\n  \
    mycli whitelist:add 10.0.0.0/8,2001:db8::/32 -a blog")]
pub struct Args {
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    app: AppArg,
}

/// Adds them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let addresses = args.addresses.parse()?;
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Adding {} to {} whitelist...\n", joined(&addresses), session.app))?;
    whitelist::add(&session.client, &session.app, &addresses).await?;
    Ok(progress.done("done")?)
}
