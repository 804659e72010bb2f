//! `builds`: images that were deployed.

mod create;
mod list;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `builds`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "builds:list", alias = "builds")]
    List(list::Args),
    #[command(name = "builds:create", visible_alias = "pull")]
    Create(create::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Create(args) => create::run(&args, context).await,
        }
    }
}
