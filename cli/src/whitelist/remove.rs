//! `whitelist:remove`.

use anyhow::Result;
use api::client::whitelist;

use super::addresses::{Addresses, joined};
use crate::{context::Context, items::AppArg};

/// Removes addresses from the whitelist of an application.
///
/// Without the last one the application is open to everybody again.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli whitelist:remove 203.0.113.7,10.0.0.0/8 -a blog")]
pub struct Args {
    #[command(flatten)]
    addresses: Addresses,
    #[command(flatten)]
    app: AppArg,
}

/// Removes them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let addresses = args.addresses.parse()?;
    let session = context.app(&args.app)?;
    let list = joined(&addresses);
    let progress = context.ui.begin(&format!("Removing {list} from {} whitelist...\n", session.app))?;
    whitelist::remove(&session.client, &session.app, &addresses).await?;
    Ok(progress.done("done")?)
}
