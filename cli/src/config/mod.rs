//! `config`: environment variables.

mod dotenv;
mod input;
mod list;
mod pair;
mod pull;
mod push;
mod set;
mod ssh_key;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `config`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "config:list", alias = "config")]
    List(list::Args),
    #[command(name = "config:set")]
    Set(set::Args),
    #[command(name = "config:unset")]
    Unset(unset::Args),
    #[command(name = "config:pull")]
    Pull(pull::Args),
    #[command(name = "config:push")]
    Push(push::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Set(args) => set::run(&args, context).await,
            Self::Unset(args) => unset::run(&args, context).await,
            Self::Pull(args) => pull::run(&args, context).await,
            Self::Push(args) => push::run(&args, context).await,
        }
    }
}
