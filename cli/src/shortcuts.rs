//! `shortcuts`: the short forms of everyday commands.

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{CommandFactory, Subcommand};

use crate::{args::Cli, context::Context, items::JsonArg};

/// The verbs of `shortcuts`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "shortcuts:list", alias = "shortcuts")]
    List(Args),
}

/// Lists all relevant shortcuts for this client.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

impl Command {
    /// Does it.
    pub fn run(self, context: &Context) -> Result<()> {
        let Self::List(args) = self;
        let shortcuts = all();
        if args.json.json {
            return Ok(context.ui.json(&shortcuts)?);
        }
        shortcuts.iter().try_for_each(|(short, long)| context.ui.say(format!("{short} -> {long}")))?;
        Ok(context.ui.say("")?)
    }
}

/// Short form to long form. The parser knows them as visible aliases; the names of topics are hidden ones.
fn all() -> BTreeMap<String, String> {
    let command = Cli::command();
    let of_verb = |verb: &clap::Command| {
        let long = verb.get_name().to_owned();
        verb.get_visible_aliases().map(|short| (short.to_owned(), long.clone())).collect::<Vec<_>>()
    };
    command.get_subcommands().flat_map(of_verb).collect()
}
