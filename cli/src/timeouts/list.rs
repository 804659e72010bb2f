//! `timeouts:list`.

use anyhow::Result;
use api::{client::config, types::Config};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
    ui::Ui,
};

/// Between the longest type and the values.
const GAP: usize = 5;

/// Lists the time that processes of an application get to stop.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists it by process type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let config = config::get(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&config.termination_grace_period)?);
    }
    print(&context.ui, session.app.as_str(), &config)
}

/// Prints the table.
pub fn print(ui: &Ui, app: &str, config: &Config) -> Result<()> {
    ui.heading(format!("{app} Timeouts (sec)"))?;
    let timeouts = &config.termination_grace_period;
    if timeouts.is_empty() {
        ui.say("default (30 sec) or controlled by env KUBERNETES_POD_TERMINATION_GRACE_PERIOD_SECONDS")?;
    }
    Ok(ui.pairs(timeouts.iter().map(|(key, value)| (key.as_str(), value.as_str())), GAP)?)
}
