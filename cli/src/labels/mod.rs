//! `labels`: notes on an application.

pub mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `labels`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "labels:list", alias = "labels")]
    List(list::Args),
    #[command(name = "labels:set")]
    Set(set::Args),
    #[command(name = "labels:unset")]
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
