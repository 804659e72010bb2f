//! `git`: the remotes that an application is pushed to.

mod remote;
mod remove;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `git`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "git:remote", alias = "git")]
    Remote(remote::Args),
    #[command(name = "git:remove")]
    Remove(remove::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Remote(args) => remote::run(&args, context).await,
            Self::Remove(args) => remove::run(&args, context),
        }
    }
}
