//! `maintenance:off`.

use anyhow::Result;

use super::on;
use crate::{context::Context, items::AppArg};

/// Disables maintenance mode for an application.
///
/// Requests reach its processes again.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli maintenance:off -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Switches it off.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    on::switch(false, &args.app, context).await
}
