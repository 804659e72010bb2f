//! `limits:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::config, types::Config};
use serde::Serialize;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest type and the values.
const GAP: usize = 5;

/// Lists resource limits for an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

#[derive(Serialize)]
struct Limits {
    memory: BTreeMap<String, String>,
    cpu: BTreeMap<String, String>,
}

/// Lists them by process type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let config = config::get(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&Limits { memory: config.memory, cpu: config.cpu })?);
    }
    print(&context.ui, session.app.as_str(), &config)
}

/// Prints both tables.
pub fn print(ui: &Ui, app: &str, config: &Config) -> Result<()> {
    ui.heading(format!("{app} Limits"))?;
    for (title, limits) in [("Memory", &config.memory), ("CPU", &config.cpu)] {
        ui.say(format!("\n--- {title}"))?;
        if limits.is_empty() {
            ui.say("Unlimited")?;
        }
        ui.pairs(limits.iter().map(|(key, value)| (key.as_str(), value.as_str())), GAP)?;
    }
    Ok(())
}
