//! `version`.

use anyhow::Result;
use api::{client::health, headers::API_VERSION};
use serde::Serialize;

use crate::{context::Context, items::JsonArg};

/// This client's version.
const CLIENT: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Displays the client version.
#[derive(clap::Args)]
pub struct Args {
    /// Show the versions of the API too, the controller's included
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    json: JsonArg,
}

#[derive(Serialize)]
struct Versions {
    client: &'static str,
    client_api: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    controller_api: Option<String>,
}

/// Displays it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let controller_api = if args.all { health::api_version(&context.session()?.client).await? } else { None };
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&Versions { client: CLIENT, client_api: API_VERSION, controller_api })?);
    }
    if !args.all {
        return Ok(ui.say(CLIENT)?);
    }
    let controller = controller_api.as_deref().unwrap_or("unknown");
    Ok(ui.say(format!(
        "Workflow CLI Version:            {CLIENT}\nWorkflow CLI API Version:        {API_VERSION}\n\
         Workflow Controller API Version: {controller}"
    ))?)
}
