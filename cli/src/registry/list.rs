//! `registry:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::config, types::Config};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest key and the values.
const GAP: usize = 5;
/// Stands for a password; Deis printed it.
const MASK: &str = "********";

/// Lists registry information for an application.
///
/// The password is not shown.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists it by key.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let config = config::get(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&masked(&config))?);
    }
    print(&context.ui, session.app.as_str(), &config)
}

/// Prints the table.
pub fn print(ui: &Ui, app: &str, config: &Config) -> Result<()> {
    ui.heading(format!("{app} Registry"))?;
    Ok(ui.pairs(masked(config), GAP)?)
}

fn masked(config: &Config) -> BTreeMap<&str, &str> {
    let shown = |key: &str| key != "password";
    config.registry.iter().map(|(key, value)| (key.as_str(), if shown(key) { value.as_str() } else { MASK })).collect()
}
