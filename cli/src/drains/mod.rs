//! `drains`: where the log of an application is sent on to.

mod add;
mod list;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `drains`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "drains:list", alias = "drains")]
    List(list::Args),
    #[command(name = "drains:add")]
    Add(add::Args),
    #[command(name = "drains:remove")]
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
