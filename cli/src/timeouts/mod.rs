//! `timeouts`: the time that processes get to stop.

mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `timeouts`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "timeouts:list", alias = "timeouts")]
    List(list::Args),
    #[command(name = "timeouts:set")]
    Set(set::Args),
    #[command(name = "timeouts:unset")]
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
