//! `releases:list`.

use anyhow::Result;
use api::client::releases;

use crate::{
    context::Context,
    items::{AppArg, JsonArg, PageArg},
    ui::Ui,
};

/// Lists release history for an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    page: PageArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them, newest first.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let page = releases::list(&session.client, &session.app, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("{} Releases{}", session.app, Ui::suffix(page.results.len(), page.count)))?;
    let mut releases = page.results.iter();
    Ok(releases.try_for_each(|one| ui.say(format!("v{}\t{}\t{}", one.version, one.created, one.summary)))?)
}
