//! `routing:disable`.

use anyhow::Result;

use super::enable;
use crate::{context::Context, items::AppArg};

/// Disables routability for an app.
///
/// The router answers 404 under its domains, as if there were no such app. Its processes keep running, and need no port.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli routing:disable -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Switches it off.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    enable::switch(false, &args.app, context).await
}
