//! `limits:unset`.

use anyhow::Result;
use api::types::ConfigPatch;

use super::set;
use crate::{
    context::Context,
    items::{self, AppArg},
};

/// Unsets resource limits for an application.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli limits:unset web -a blog\n  \
    mycli limits:unset --cpu web worker -a blog")]
pub struct Args {
    /// The process types
    #[arg(required = true, value_name = "TYPE")]
    types: Vec<String>,
    #[command(flatten)]
    app: AppArg,
    /// Limits of CPU
    #[arg(long, conflicts_with = "memory")]
    cpu: bool,
    /// Limits of memory (the default)
    #[arg(short, long)]
    memory: bool,
}

/// Removes them and shows what is left.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let limits = items::unset(&args.types);
    let patch = if args.cpu {
        ConfigPatch { cpu: limits, ..ConfigPatch::default() }
    } else {
        ConfigPatch { memory: limits, ..ConfigPatch::default() }
    };
    set::apply(&patch, &args.app, context).await
}
