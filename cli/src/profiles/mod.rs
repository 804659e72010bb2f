//! `profiles`: several platforms side by side, each with a settings file of its own.

mod list;
mod remove;
mod r#use;

use anyhow::Result;
use clap::Subcommand;

use crate::context::Context;

/// The verbs of `profiles`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "profiles:list", alias = "profiles")]
    List(list::Args),
    #[command(name = "profiles:use")]
    Use(r#use::Args),
    #[command(name = "profiles:remove")]
    Remove(remove::Args),
}

impl Command {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list::run(&args, context),
            Self::Use(args) => r#use::run(&args, context),
            Self::Remove(args) => remove::run(&args, context),
        }
    }
}
