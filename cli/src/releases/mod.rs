//! `releases`: what was deployed, and going back to it.

mod info;
mod list;
mod rollback;
mod version;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `releases`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "releases:list", alias = "releases")]
    List(list::Args),
    #[command(name = "releases:info")]
    Info(info::Args),
    #[command(name = "releases:rollback", visible_alias = "rollback")]
    Rollback(rollback::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Info(args) => info::run(&args, context).await,
            Self::Rollback(args) => rollback::run(&args, context).await,
        }
    }
}
