//! `tags:set`.

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

/// Sets tags for an application.
///
/// It then runs only on machines that bear all of its tags as labels. The operator says which labels those are; tags
/// that no machine bears are refused.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli tags:set rack=1 environment=production -a blog")]
pub struct Args {
    /// The tags
    #[arg(required = true, value_name = "KEY=VALUE")]
    tags: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets them and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.tags.iter().map(|item| parse(item).ok_or_else(|| invalid(item)));
    apply(items::set(pairs.collect::<Result<Vec<_>, _>>()?), &args.app, context).await
}

/// Changes them and shows what came of it.
pub async fn apply(change: BTreeMap<String, Option<Value>>, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin("Applying tags... ")?;
    let patch = ConfigPatch { tags: change, ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, session.app.as_str(), &config)
}

fn parse(item: &str) -> Option<(&str, &str)> {
    items::pair(item).filter(|(_, value)| !value.is_empty() && !value.contains('='))
}

/// The spelling is Deis's.
fn invalid(item: &str) -> Failure {
    Failure::new(format!("{item} is invalid, Must be in format key=value\nExamples: rack=1 evironment=production"))
}
