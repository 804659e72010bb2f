//! `domains`: the host names of an application.

mod add;
pub mod list;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `domains`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "domains:list", alias = "domains")]
    List(list::Args),
    #[command(name = "domains:add")]
    Add(add::Args),
    #[command(name = "domains:remove")]
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
