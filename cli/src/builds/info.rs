//! `builds:info`.

use anyhow::Result;
use api::{client::builds, types::Build};
use uuid::Uuid;

use super::{build_id, latest};
use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints info about a build.
#[derive(clap::Args)]
pub struct Args {
    /// The build [default: the newest]
    #[arg(value_parser = build_id)]
    build: Option<Uuid>,
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Prints it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let build = latest::build(args.build, &session, context).await?;
    let build = builds::get(&session.client, &session.app, build).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&build)?);
    }
    ui.heading(format!("{} Build {}", session.app, build.uuid))?;
    Ok(rows(&build).iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?)
}

fn rows(build: &Build) -> Vec<(&'static str, String)> {
    let filled = |label, text: &String| (!text.is_empty()).then(|| (label, text.clone()));
    let types = build.procfile.iter().map(|(name, command)| ("process:", format!("{name}: {command}")));
    let first = [
        build.state.as_ref().map(|state| ("state:", state.clone())),
        build.reason.as_ref().map(|reason| ("reason:", reason.clone())),
        Some(("image:", build.image.clone())),
        filled("commit:", &build.sha),
        Some(("kind:", kind(build).to_owned())),
    ];
    let last = [
        ("owner:", build.owner.clone()),
        ("created:", build.created.to_string()),
        ("updated:", build.updated.to_string()),
    ];
    first.into_iter().flatten().chain(types).chain(last).collect()
}

/// Deis's rule: a Dockerfile was built, else a commit was, else it is somebody's image.
fn kind(build: &Build) -> &'static str {
    match (build.dockerfile.as_str(), build.sha.as_str()) {
        ("", "") => "image",
        ("", _) => "buildpack",
        _ => "dockerfile",
    }
}
