//! `healthchecks`: how it is found out whether a process is well.

mod list;
mod probe;
mod set;
mod show;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `healthchecks`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "healthchecks:list", alias = "healthchecks")]
    List(list::Args),
    #[command(name = "healthchecks:set")]
    Set(set::Args),
    #[command(name = "healthchecks:unset")]
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
