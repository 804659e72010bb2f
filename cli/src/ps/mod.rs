//! `ps`: running processes.

mod exec;
pub mod list;
mod restart;
mod scale;

use anyhow::Result;
use clap::Subcommand;

use crate::{context::Context, exit::Exit};

/// The verbs of `ps`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "ps:list", alias = "ps")]
    List(list::Args),
    #[command(name = "ps:scale", visible_alias = "scale")]
    Scale(scale::Args),
    #[command(name = "ps:restart")]
    Restart(restart::Args),
    #[command(name = "ps:exec")]
    Exec(exec::Args),
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<Exit> {
        match self {
            Self::List(args) => list::run(&args, context).await?,
            Self::Scale(args) => scale::run(&args, context).await?,
            Self::Restart(args) => restart::run(&args, context).await?,
            Self::Exec(args) => return exec::run(&args, context).await,
        }
        Ok(Exit::Done)
    }
}

/// What there is to drink while processes start.
fn drink() -> String {
    std::env::var("DEIS_DRINK_OF_CHOICE").unwrap_or_else(|_| "coffee".to_owned())
}
