//! `tls`: whether an application is served over https only.

mod disable;
mod enable;
mod info;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `tls`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "tls:info", alias = "tls")]
    Info(info::Args),
    #[command(name = "tls:enable")]
    Enable(enable::Args),
    #[command(name = "tls:disable")]
    Disable(disable::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::Info(args) => info::run(&args, context).await,
            Self::Enable(args) => enable::run(&args, context).await,
            Self::Disable(args) => disable::run(&args, context).await,
        }
    }
}
