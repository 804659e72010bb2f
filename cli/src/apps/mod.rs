//! `apps`: applications and what is done with them as a whole.

mod address;
mod create;
mod destroy;
mod info;
mod list;
mod logs;
mod open;
mod rename;
mod run;
mod transfer;

use anyhow::Result;
use clap::Subcommand;

use crate::{context::Context, exit::Exit};

/// The verbs of `apps`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "apps:create", visible_alias = "create")]
    Create(create::Args),
    #[command(name = "apps:list", alias = "apps")]
    List(list::Args),
    #[command(name = "apps:info", visible_alias = "info")]
    Info(info::Args),
    #[command(name = "apps:open", visible_alias = "open")]
    Open(open::Args),
    #[command(name = "apps:logs", visible_alias = "logs")]
    Logs(logs::Args),
    #[command(name = "apps:run", visible_alias = "run")]
    Run(run::Args),
    #[command(name = "apps:destroy", visible_alias = "destroy")]
    Destroy(destroy::Args),
    #[command(name = "apps:rename")]
    Rename(rename::Args),
    #[command(name = "apps:transfer")]
    Transfer(transfer::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<Exit> {
        match self {
            Self::Create(args) => create::run(args, context).await?,
            Self::List(args) => list::run(&args, context).await?,
            Self::Info(args) => info::run(&args, context).await?,
            Self::Open(args) => open::run(&args, context).await?,
            Self::Logs(args) => logs::run(&args, context).await?,
            Self::Run(args) => return run::run(&args, context).await,
            Self::Destroy(args) => destroy::run(&args, context).await?,
            Self::Rename(args) => rename::run(&args, context).await?,
            Self::Transfer(args) => transfer::run(&args, context).await?,
        }
        Ok(Exit::Done)
    }
}
