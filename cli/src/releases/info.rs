//! `releases:info`.

use anyhow::Result;
use api::{client::releases, types::Release};

use super::version;
use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints info about a particular release.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli releases:info v3 -a blog")]
pub struct Args {
    /// The release: `v3` or `3`
    version: String,
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Prints it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let version = version::parse(&args.version)?;
    let session = context.app(&args.app)?;
    let release = releases::get(&session.client, &session.app, version).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&release)?);
    }
    ui.heading(format!("{} Release v{version}", session.app))?;
    Ok(rows(&release).iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?)
}

fn rows(release: &Release) -> Vec<(&'static str, String)> {
    let build = release.build.map(|build| ("build:", build.to_string()));
    let failed = release.exception.clone().filter(|_| release.failed).map(|why| ("failed:", why));
    let rest = [
        ("config:", release.config.to_string()),
        ("owner:", release.owner.clone()),
        ("created:", release.created.to_string()),
        ("summary:", release.summary.clone()),
        ("updated:", release.updated.to_string()),
        ("uuid:", release.uuid.to_string()),
    ];
    build.into_iter().chain(rest).chain(failed).collect()
}
