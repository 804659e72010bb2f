//! `whitelist:list`.

use anyhow::Result;
use api::client::whitelist;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Lists the addresses whose requests an application takes.
///
/// An empty list means that it takes everybody's.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them in the order in which they were added.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let addresses = whitelist::get(&session.client, &session.app).await?.addresses;
    if args.json.json {
        return Ok(context.ui.json(&addresses)?);
    }
    context.ui.heading(format!("{} Whitelisted Addresses", session.app))?;
    Ok(addresses.iter().try_for_each(|address| context.ui.say(address))?)
}
