//! `tls:info`.

use anyhow::Result;
use api::client::tls;

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Prints info about the current application's TLS settings.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    #[command(flatten)]
    json: JsonArg,
}

/// Prints whether https is enforced.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let tls = tls::get(&session.client, &session.app).await?;
    if args.json.json {
        return Ok(context.ui.json(&tls)?);
    }
    context.ui.heading(format!("{} TLS", session.app))?;
    let enforced = tls.https_enforced.map_or_else(|| "not set".to_owned(), |enforced| enforced.to_string());
    Ok(context.ui.say(format!("HTTPS Enforced: {enforced}"))?)
}
