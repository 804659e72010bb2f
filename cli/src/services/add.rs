//! `services:add`.

use anyhow::Result;
use api::{client::services, names::PathPattern};

use crate::{context::Context, items::AppArg, report::Failure};

/// Has a process type answer some paths of an application.
///
/// All other paths go to `web`, else to `cmd`, as ever. The type finds its port in PORT and gets requests once it accepts
/// connections there; instances that run are replaced for that. Added again, it gets the new paths in place of the old.
///
/// A route is what a path begins with (/api), a whole path (= /ping), a regular expression (~ ^/v[0-9]/, or ~* without
/// regard to case), or several of these with commas between them, chosen among as nginx does.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli services:add --type api --route /api -a blog\n  \
                        mycli services:add --type media --route '^~ /media,~* \\.jpg$' -a blog")]
pub struct Args {
    /// The process type
    #[arg(long = "type", value_name = "TYPE")]
    process_type: String,
    /// The paths that it answers
    #[arg(long, value_name = "PATHS")]
    route: String,
    #[command(flatten)]
    app: AppArg,
}

/// Adds it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let process_type = super::process_type(&args.process_type)?;
    let paths = PathPattern::parse(&args.route).map_err(|invalid| Failure::new(invalid.to_string()))?;
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Adding {process_type} ({paths}) to {}... ", session.app))?;
    services::set(&session.client, &session.app, process_type, paths).await?;
    Ok(progress.done("done")?)
}
