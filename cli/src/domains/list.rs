//! `domains:list`.

use anyhow::Result;
use api::{
    client::domains,
    names::AppName,
    types::{Domain, Page},
};

use crate::{
    context::Context,
    items::{AppArg, JsonArg, PageArg},
    ui::Ui,
};

/// Lists domains bound to an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by name.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let page = domains::list(&session.client, &session.app, Some(session.settings.page(args.page.limit))).await?;
    if args.json.json {
        return Ok(context.ui.json(&page.results)?);
    }
    print(&context.ui, &session.app, &page)
}

/// Prints one a line.
pub fn print(ui: &Ui, app: &AppName, page: &Page<Domain>) -> Result<()> {
    ui.heading(format!("{app} Domains{}", Ui::suffix(page.results.len(), page.count)))?;
    Ok(page.results.iter().try_for_each(|domain| ui.say(&domain.domain))?)
}
