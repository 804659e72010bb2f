//! `tags:list`.

use anyhow::Result;
use api::{client::config, types::Config};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest key and the values.
const GAP: usize = 5;

/// Lists tags for an application.
///
/// It runs only on machines that bear all of them as labels.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by key.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let config = config::get(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&config.tags)?);
    }
    print(&context.ui, session.app.as_str(), &config)
}

/// Prints the table.
pub fn print(ui: &Ui, app: &str, config: &Config) -> Result<()> {
    ui.heading(format!("{app} Tags"))?;
    Ok(ui.pairs(config.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())), GAP)?)
}
