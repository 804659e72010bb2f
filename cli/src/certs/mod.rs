//! `certs`: certificates, and the domains that are served with them.

mod add;
mod attach;
mod date;
mod detach;
mod info;
mod list;
mod remove;
mod table;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `certs`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "certs:list", alias = "certs")]
    List(list::Args),
    #[command(name = "certs:add")]
    Add(add::Args),
    #[command(name = "certs:remove")]
    Remove(remove::Args),
    #[command(name = "certs:info")]
    Info(info::Args),
    #[command(name = "certs:attach")]
    Attach(attach::Args),
    #[command(name = "certs:detach")]
    Detach(detach::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Add(args) => add::run(&args, context).await,
            Self::Remove(args) => remove::run(&args, context).await,
            Self::Info(args) => info::run(&args, context).await,
            Self::Attach(args) => attach::run(&args, context).await,
            Self::Detach(args) => detach::run(&args, context).await,
        }
    }
}
