//! `timeouts:set`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client, types::ConfigPatch};
use serde_json::Value;

use super::list;
use crate::{
    context::Context,
    items::{self, AppArg},
    report::Failure,
};

/// Sets the time that processes of an application get to stop.
///
/// A process that is to stop gets SIGTERM, and after this time SIGKILL.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli timeouts:set web=30 worker=300 -a blog")]
pub struct Args {
    /// The times
    #[arg(required = true, value_name = "TYPE=SECONDS")]
    timeouts: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets them and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.timeouts.iter().map(|item| parse(item).ok_or_else(|| invalid(item)));
    apply(items::set(pairs.collect::<Result<Vec<_>, _>>()?), &args.app, context).await
}

/// Changes them and shows what came of it.
pub async fn apply(change: BTreeMap<String, Option<Value>>, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin("Applying timeouts... ")?;
    let patch = ConfigPatch { termination_grace_period: change, ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, session.app.as_str(), &config)
}

fn parse(item: &str) -> Option<(&str, &str)> {
    items::pair(item).filter(|(_, seconds)| !seconds.is_empty() && seconds.bytes().all(|b| b.is_ascii_digit()))
}

fn invalid(item: &str) -> Failure {
    Failure::new(format!("{item} doesn't fit format type=#\nExamples: web=30 worker=300"))
}
