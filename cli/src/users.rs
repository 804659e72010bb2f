//! `users`: who has an account.

use anyhow::Result;
use api::client::users;
use clap::Subcommand;

use crate::{
    context::Context,
    items::{JsonArg, PageArg},
    ui::Ui,
};

/// The verbs of `users`.
#[derive(Subcommand)]
pub enum Command {
    #[command(name = "users:list", alias = "users")]
    List(Args),
}

/// Lists all registered users.
///
/// Only administrators may.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

impl Command {
    /// Does it.
    pub async fn run(self, context: &Context) -> Result<()> {
        match self {
            Self::List(args) => list(&args, context).await,
        }
    }
}

async fn list(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let page = users::list(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("Users (*=admin){}", Ui::suffix(page.results.len(), page.count)))?;
    let mark = |admin| if admin { "*" } else { "" };
    Ok(page.results.iter().try_for_each(|user| ui.say(format!("{}{}", mark(user.is_superuser), user.username)))?)
}
