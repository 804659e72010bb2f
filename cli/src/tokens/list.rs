//! `tokens:list`.

use anyhow::Result;
use api::client::tokens;

use super::about;
use crate::{
    context::Context,
    items::{JsonArg, PageArg},
    ui::Ui,
};

/// Lists your tokens for programs, and what each is good for.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let page = tokens::list(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("{} Tokens{}", session.settings.username, Ui::suffix(page.results.len(), page.count)))?;
    for token in &page.results {
        ui.say(format!("--- {}", token.name))?;
        about(token).iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?;
    }
    Ok(())
}
