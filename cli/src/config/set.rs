//! `config:set`.

use anyhow::Result;
use api::{client, types::ConfigPatch};

use super::{
    list,
    pair::{self, Pair},
};
use crate::{
    context::{AppSession, Context},
    items::{self, AppArg},
};

/// Sets environment variables for an application.
///
/// The change makes a new release, and the processes are replaced one after the other by ones that see it.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli config:set POWERED_BY=Slipway -a blog\n  \
    mycli config:set MODE=test DEBUG=1 -a blog    one release for both\n  \
    mycli config:push -a blog < secrets.env       for values that nobody else should read")]
pub struct Args {
    /// The variables
    #[arg(required = true, value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets them and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    apply(&pair::read(&args.pairs)?, &session, context).await
}

/// Sets them and shows what came of it.
pub async fn apply(pairs: &[Pair], session: &AppSession, context: &Context) -> Result<()> {
    if pairs.iter().any(|pair| pair.key.contains("HEALTHCHECK_")) {
        context.ui.warn(&format!(
            "Hey there! We've noticed that you're using 'config:set HEALTHCHECK_...' to set up health checks.\n\
             This form still works, but it is deprecated.\n\
             Please use '{} healthchecks' instead.",
            context.name
        ))?;
    }
    let values = items::set(pairs.iter().map(|pair| (pair.key.as_str(), pair.value.as_str())));
    let progress = context.ui.begin("Creating config... ")?;
    let patch = ConfigPatch { values, ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    match config.values.get("WORKFLOW_RELEASE") {
        Some(release) => progress.done(&format!("done, {release}"))?,
        None => progress.done("done")?,
    }
    context.ui.say("")?;
    list::print(&context.ui, &session.app, &config.values)
}
