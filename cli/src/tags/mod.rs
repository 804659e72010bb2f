//! `tags`: which machines an application may run on.

mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `tags`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "tags:list", alias = "tags")]
    List(list::Args),
    #[command(name = "tags:set")]
    Set(set::Args),
    #[command(name = "tags:unset")]
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
