//! `perms`: who may use an application, and who administers the platform.

mod create;
mod delete;
mod list;

use anyhow::Result;
use clap::Subcommand;

use crate::{context::Context, items::AppArg};

// Who, and for what. No documentation comment: clap would take it for the help of the verb that includes it.
#[derive(clap::Args)]
pub struct Whom {
    /// The user
    username: String,
    #[command(flatten)]
    app: AppArg,
    /// Administration of the platform
    #[arg(long, conflicts_with = "app")]
    admin: bool,
}

/// The verbs of `perms`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "perms:list", alias = "perms", visible_aliases = ["sharing", "sharing:list"])]
    List(list::Args),
    #[command(name = "perms:create", visible_alias = "sharing:add")]
    Create(create::Args),
    #[command(name = "perms:delete", visible_alias = "sharing:remove")]
    Delete(delete::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context).await,
            Self::Create(args) => create::run(&args, context).await,
            Self::Delete(args) => delete::run(&args, context).await,
        }
    }
}
