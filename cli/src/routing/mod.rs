//! `routing`: whether the router serves an application, and how it treats its requests.

mod disable;
mod enable;
mod info;
mod list;
mod set;
mod unset;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `routing`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "routing:info", alias = "routing")]
    Info(info::Args),
    #[command(name = "routing:enable")]
    Enable(enable::Args),
    #[command(name = "routing:disable")]
    Disable(disable::Args),
    #[command(name = "routing:list")]
    List(list::Args),
    #[command(name = "routing:set")]
    Set(set::Args),
    #[command(name = "routing:unset")]
    Unset(unset::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Info(args) => info::run(&args, context).await,
            Self::Enable(args) => enable::run(&args, context).await,
            Self::Disable(args) => disable::run(&args, context).await,
            Self::List(args) => list::run(&args, context).await,
            Self::Set(args) => set::run(&args, context).await,
            Self::Unset(args) => unset::run(&args, context).await,
        }
    }
}
