//! `builds:list`.

use anyhow::Result;
use api::{client::builds, types::Build};

use crate::{
    context::Context,
    items::{AppArg, JsonArg, PageArg},
    ui::Ui,
};

/// Lists build history for an application.
///
/// Pushes that are under way, failed or were cancelled are listed with their state behind them.
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
    let page = builds::list_all(&session.client, &session.app, Some(session.settings.page(args.page.limit))).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&page.results)?);
    }
    ui.heading(format!("{} Builds{}", session.app, Ui::suffix(page.results.len(), page.count)))?;
    Ok(page.results.iter().try_for_each(|build| ui.say(line(build)))?)
}

/// What has become of a build that was deployed, `releases` tells.
fn line(build: &Build) -> String {
    let line = format!("{} {}", build.uuid, build.created);
    match build.state.as_deref() {
        None | Some("done") => line,
        Some(state) => format!("{line} {state}"),
    }
}
