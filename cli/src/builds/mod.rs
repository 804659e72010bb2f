//! `builds`: images that were deployed, and pushes on their way there.

mod cancel;
mod create;
mod info;
mod latest;
mod list;
mod logs;

use anyhow::Result;
use clap::Subcommand;
use uuid::Uuid;

use crate::context::Context;

/// The verbs of `builds`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "builds:list", alias = "builds")]
    List(list::Args),
    #[command(name = "builds:info")]
    Info(info::Args),
    #[command(name = "builds:logs")]
    Logs(logs::Args),
    #[command(name = "builds:cancel")]
    Cancel(cancel::Args),
    #[command(name = "builds:create", visible_alias = "pull")]
    Create(create::Args),
}

/// Reads what people write for a build.
fn build_id(text: &str) -> Result<Uuid, &'static str> {
    text.parse().map_err(|_| "a build is named by its id, as `builds:list` shows it")
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Info(args) => info::run(&args, context).await,
            Self::Logs(args) => logs::run(&args, context).await,
            Self::Cancel(args) => cancel::run(&args, context).await,
            Self::Create(args) => create::run(&args, context).await,
        }
    }
}
