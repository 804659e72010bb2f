//! `keys`: the SSH keys that applications are pushed with.

mod add;
mod choose;
mod file;
mod known_hosts;
mod list;
mod remove;
mod trust;

pub use choose::{found, ssh_folder};

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `keys`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "keys:list", alias = "keys")]
    List(list::Args),
    #[command(name = "keys:add")]
    Add(add::Args),
    #[command(name = "keys:remove")]
    Remove(remove::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Add(args) => add::run(&args, context).await,
            Self::Remove(args) => remove::run(&args, context).await,
        }
    }
}
