//! `routing:set`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client::settings, types::UpdateSettings};
use serde_json::Value;

use super::list;
use crate::{
    context::Context,
    items::{self, AppArg},
    report::Failure,
};

/// Sets how the router treats requests of an application.
///
/// connectTimeout: how long an instance may take to accept a connection. tcpTimeout: how long it may take to say the next byte of an
/// answer, and how long a websocket may be silent. referrerPolicy: the Referrer-Policy of answers that have none, or none.
/// disableRequestStartHeader: true to get no X-Request-Start. What is not set is as for all applications.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  mycli routing:set tcpTimeout=1h -a blog\n  mycli routing:set connectTimeout=500ms \
                        referrerPolicy=same-origin -a blog"
)]
pub struct Args {
    /// The names and values
    #[arg(required = true, value_name = "NAME=VALUE")]
    treatments: Vec<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets it and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.treatments.iter().map(|item| items::pair(item).ok_or_else(|| invalid(item)));
    apply(items::set(pairs.collect::<Result<Vec<_>, _>>()?), &args.app, context).await
}

/// Changes it and shows what came of it.
pub async fn apply(router: BTreeMap<String, Option<Value>>, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin(&format!("Applying routing on {}... ", session.app))?;
    let update = UpdateSettings { router, ..UpdateSettings::default() };
    let settings = settings::update(&session.client, &session.app, &update).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, &session.app, &settings.router)
}

fn invalid(item: &str) -> Failure {
    Failure::new(format!(
        "{item} is invalid, Must be in format name=value\nExamples: tcpTimeout=1h connectTimeout=500ms"
    ))
}
