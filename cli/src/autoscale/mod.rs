//! `autoscale`: process types that are scaled by what they use.

mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `autoscale`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "autoscale:list", alias = "autoscale")]
    List(list::Args),
    #[command(name = "autoscale:set")]
    Set(set::Args),
    #[command(name = "autoscale:unset")]
    Unset(unset::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Set(args) => set::run(&args, context).await,
            Self::Unset(args) => unset::run(&args, context).await,
        }
    }
}
