//! `tls:disable`.

use anyhow::Result;

use super::enable;
use crate::{context::Context, items::AppArg};

/// Disables https-only requests for an application.
///
/// Plain requests reach its processes again.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli tls:disable -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Switches it off.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    enable::switch(false, &args.app, context).await
}
