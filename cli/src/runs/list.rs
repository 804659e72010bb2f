//! `runs:list`.

use anyhow::Result;
use api::{client::runs, types::RunView};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Lists one-off runs of an application that are under way.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them, oldest first.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let runs = runs::list(&session.client, &session.app).await?;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&runs)?);
    }
    ui.heading(format!("{} Runs", session.app))?;
    let rows: Vec<_> = runs.iter().map(|run| (run.name.as_str(), about(run))).collect();
    Ok(ui.pairs(rows.iter().map(|(name, about)| (*name, about.as_str())), 4)?)
}

fn about(run: &RunView) -> String {
    let until = run.until.map_or_else(|| "attached".to_owned(), |until| format!("until {until}"));
    let command = run.command.as_deref().unwrap_or("?");
    format!("{} by {} since {}, {until}: {command}", run.release, run.user, run.created)
}
