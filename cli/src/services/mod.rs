//! `services`: process types that answer some paths of an application.

mod add;
mod list;
mod remove;

use anyhow::Result;
use api::names::ProcessType;
use clap::Subcommand;

use crate::{context::Context, report::Failure};

/// The verbs of `services`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "services:list", alias = "services")]
    List(list::Args),
    #[command(name = "services:add")]
    Add(add::Args),
    #[command(name = "services:remove")]
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

fn process_type(text: &str) -> Result<ProcessType, Failure> {
    ProcessType::parse(text).map_err(|invalid| Failure::new(format!("{text:?}: {invalid}")))
}
