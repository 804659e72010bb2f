//! `apps:list`.

use anyhow::Result;
use api::client::apps;

use crate::{
    context::Context,
    items::{JsonArg, PageArg},
    ui::Ui,
};

/// Lists applications visible to the current user.
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
    let page = apps::list(&session.client, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("Apps{}", Ui::suffix(page.results.len(), page.count)))?;
    Ok(page.results.iter().try_for_each(|app| ui.say(&app.id))?)
}
