//! `whitelist`: whose requests an application takes.

mod add;
mod addresses;
mod list;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `whitelist`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "whitelist:list", alias = "whitelist")]
    List(list::Args),
    #[command(name = "whitelist:add")]
    Add(add::Args),
    #[command(name = "whitelist:remove")]
    Remove(remove::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Add(args) => add::run(&args, context).await,
            Self::Remove(args) => remove::run(&args, context).await,
        }
    }
}
