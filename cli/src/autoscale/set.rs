//! `autoscale:set`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{
    client::settings,
    types::{AutoscaleRule, UpdateSettings},
};

use crate::{context::Context, items::AppArg};

/// Scales a process type by the CPU that its instances use.
///
/// The platform keeps as many instances as use the given percentage of CPU each: of what `limits:set --cpu` lets an
/// instance of the type request, or of one core where nothing is set. It looks each 15 seconds, adds instances at once,
/// and takes some away when they were too many for 5 minutes. Scaling the type to 0 pauses it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli autoscale:set web --min=2 --max=8 --cpu-percent=70 -a blog")]
pub struct Args {
    /// The process type
    #[arg(value_name = "TYPE")]
    process_type: String,
    /// Never fewer instances than this
    #[arg(long, value_name = "NUM")]
    min: u32,
    /// Never more instances than this
    #[arg(long, value_name = "NUM")]
    max: u32,
    /// CPU that they should use on average
    #[arg(long, value_name = "PERCENT")]
    cpu_percent: u32,
    #[command(flatten)]
    app: AppArg,
}

/// Sets the rule.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let rule = AutoscaleRule { min: args.min, max: args.max, cpu_percent: args.cpu_percent };
    let autoscale = BTreeMap::from([(args.process_type.clone(), Some(serde_json::to_value(rule)?))]);
    let doing = format!("Applying autoscale settings for process type {} on {}... ", args.process_type, session.app);
    let progress = context.ui.begin(&doing)?;
    let update = UpdateSettings { autoscale, ..UpdateSettings::default() };
    settings::update(&session.client, &session.app, &update).await?;
    Ok(progress.done("done")?)
}
