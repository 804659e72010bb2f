//! `healthchecks:list`.

use anyhow::Result;
use api::client::config;

use super::show;
use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Lists healthchecks for an application.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Only those of this process type
    #[arg(long = "type", value_name = "TYPE")]
    process_type: Option<String>,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them by process type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let mut checks = config::get(&session.client, &session.app).await?.healthcheck;
    if !args.json.json {
        return show::print(&context.ui, session.app.as_str(), &checks, args.process_type.as_deref());
    }
    if let Some(process_type) = &args.process_type {
        checks.retain(|name, _| name == process_type);
    }
    Ok(context.ui.json(&checks)?)
}
