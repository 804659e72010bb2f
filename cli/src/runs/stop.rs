//! `runs:stop`.

use anyhow::Result;
use api::{client::runs, names::RunName};

use crate::{context::Context, items::AppArg};

/// Stops a one-off run.
///
/// A detached one gets the time to end in order that instances get. `runs:list` tells the names.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli runs:stop import -a blog")]
pub struct Args {
    /// The run
    #[arg(value_name = "NAME")]
    name: RunName,
    #[command(flatten)]
    app: AppArg,
}

/// Stops it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Stopping {}... ", args.name))?;
    runs::stop(&session.client, &session.app, args.name.as_str()).await?;
    Ok(progress.done("done")?)
}
