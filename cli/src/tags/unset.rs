//! `tags:unset`.

use anyhow::Result;

use super::set;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets tags for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli tags:unset rack environment -a blog")]
pub struct Args {
    /// The keys of the tags
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Removes them and shows what is left.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    set::apply(items::unset(&args.keys), &args.app, context).await
}
