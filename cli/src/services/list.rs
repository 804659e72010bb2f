//! `services:list`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::client::services;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Between the longest type and the paths.
const GAP: usize = 5;

/// Lists the process types that answer some paths of an application.
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
    let services = services::list(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&services)?);
    }
    context.ui.heading(format!("{} Services", session.app))?;
    let rows: BTreeMap<_, _> =
        services.iter().map(|service| (service.procfile_type.as_str(), service.path_pattern.as_str())).collect();
    Ok(context.ui.pairs(rows, GAP)?)
}
