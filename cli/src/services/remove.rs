//! `services:remove`.

use anyhow::Result;
use api::client::services;

use crate::{context::Context, items::AppArg};

/// Has a process type answer no paths of an application any more.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli services:remove api -a blog")]
pub struct Args {
    /// The process type
    #[arg(value_name = "TYPE")]
    process_type: String,
    #[command(flatten)]
    app: AppArg,
}

/// Removes it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let process_type = super::process_type(&args.process_type)?;
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Removing {process_type} from {}... ", session.app))?;
    services::remove(&session.client, &session.app, process_type).await?;
    Ok(progress.done("done")?)
}
