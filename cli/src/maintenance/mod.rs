//! `maintenance`: the page that the router shows in place of an application.

mod info;
mod off;
mod on;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `maintenance`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "maintenance:info", alias = "maintenance")]
    Info(info::Args),
    #[command(name = "maintenance:on")]
    On(on::Args),
    #[command(name = "maintenance:off")]
    Off(off::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Info(args) => info::run(&args, context).await,
            Self::On(args) => on::run(&args, context).await,
            Self::Off(args) => off::run(&args, context).await,
        }
    }
}
