//! `audit`: who did what.

mod list;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `audit`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "audit:list", alias = "audit")]
    List(list::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
        }
    }
}
