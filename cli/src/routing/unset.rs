//! `routing:unset`.

use anyhow::Result;

use super::set;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Has the router treat requests of an application as those of all.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli routing:unset tcpTimeout -a blog")]
pub struct Args {
    /// What to unset
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Unsets it and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    set::apply(items::unset(&args.names), &args.app, context).await
}
