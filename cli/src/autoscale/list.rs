//! `autoscale:list`.

use anyhow::Result;
use api::{client::settings, types::AutoscaleRule};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints the autoscale rules of an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by process type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let rules = settings::get(&session.client, &session.app).await?.autoscale;
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&rules)?);
    }
    ui.heading(format!("{} Autoscale", session.app))?;
    ui.say("")?;
    if rules.is_empty() {
        ui.say("No autoscale rules found.")?;
    }
    for (process_type, AutoscaleRule { min, max, cpu_percent }) in &rules {
        ui.say(format!("--- {process_type}:\nMin Replicas: {min}\nMax Replicas: {max}\nCPU: {cpu_percent}%"))?;
    }
    Ok(())
}
