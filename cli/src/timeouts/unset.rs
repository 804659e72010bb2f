//! `timeouts:unset`.

use anyhow::Result;

use super::set;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets the time that processes of an application get to stop.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli timeouts:unset worker -a blog")]
pub struct Args {
    /// The process types
    #[arg(required = true, value_name = "TYPE")]
    types: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Removes them and shows what is left.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    set::apply(items::unset(&args.types), &args.app, context).await
}
