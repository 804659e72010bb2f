//! `autoscale:unset`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};

use crate::{context::Context, items::AppArg};

/// Stops scaling a process type by the CPU that its instances use.
///
/// As many instances as there are now stay.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli autoscale:unset web -a blog")]
pub struct Args {
    /// The process type
    #[arg(value_name = "TYPE")]
    process_type: String,
    #[command(flatten)]
    app: AppArg,
}

/// Removes the rule.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let doing = format!("Removing autoscale for process type {} on {}... ", args.process_type, session.app);
    let progress = context.ui.begin(&doing)?;
    let autoscale = BTreeMap::from([(args.process_type.clone(), None)]);
    settings::update(&session.client, &session.app, &UpdateSettings { autoscale, ..UpdateSettings::default() }).await?;
    Ok(progress.done("done")?)
}
