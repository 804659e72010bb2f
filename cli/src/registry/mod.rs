//! `registry`: the login at the registry that holds an image.

mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `registry`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "registry:list", alias = "registry")]
    List(list::Args),
    #[command(name = "registry:set")]
    Set(set::Args),
    #[command(name = "registry:unset")]
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
