//! `runs`: one-off runs that are under way.

mod list;
mod stop;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `runs`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "runs:list", alias = "runs", alias = "run:list")]
    List(list::Args),
    #[command(name = "runs:stop", alias = "run:stop")]
    Stop(stop::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Stop(args) => stop::run(&args, context).await,
        }
    }
}
