//! `limits`: memory and CPU of processes.

mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `limits`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "limits:list", alias = "limits")]
    List(list::Args),
    #[command(name = "limits:set")]
    Set(set::Args),
    #[command(name = "limits:unset")]
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
