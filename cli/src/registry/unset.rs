//! `registry:unset`.

use anyhow::Result;

use super::set;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets registry information for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli registry:unset username password -a blog")]
pub struct Args {
    /// username, password
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Removes it and shows what is left.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    set::apply(items::unset(&args.keys), &args.app, context).await
}
