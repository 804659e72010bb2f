//! `routing:info`.

use anyhow::Result;
use api::client::settings;
use serde_json::json;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints info about the current application's routability.
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
    let routable = settings::get(&session.client, &session.app).await?.routable;
    if args.json.json {
        return Ok(context.ui.json(&json!({ "routable": routable }))?);
    }
    let state = if routable { "enabled" } else { "disabled" };
    Ok(context.ui.say(format!("Routing is {state}."))?)
}
