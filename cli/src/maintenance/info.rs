//! `maintenance:info`.

use anyhow::Result;
use api::client::settings;
use serde_json::json;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints info about the current maintenance mode of an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Prints one sentence.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let maintenance = settings::get(&session.client, &session.app).await?.maintenance;
    if args.json.json {
        return Ok(context.ui.json(&json!({ "maintenance": maintenance }))?);
    }
    let state = if maintenance { "on" } else { "off" };
    Ok(context.ui.say(format!("Maintenance mode is {state}."))?)
}
