//! `healthchecks:set`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client, types::ConfigPatch};
use serde_json::{Value, json};

use super::{
    probe::{self, Kind},
    show,
};
use crate::{context::Context, items::AppArg};

/// Sets healthchecks for an application.
///
/// A process that fails its liveness probe is replaced; it gets requests only while it passes its readiness probe.
/// Without any probe a process is ready as soon as its port accepts connections.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli healthchecks:set liveness httpGet 8000 --path /healthz -a blog\n  \
    mycli healthchecks:set readiness tcpSocket 8000 --initial-delay-timeout 5 -a blog\n  \
    mycli healthchecks:set liveness exec --type worker -a blog -- /bin/alive --fast")]
pub struct Args {
    /// `liveness` or `readiness`
    health_type: String,
    /// `httpGet`, `tcpSocket` or `exec`
    pub(super) probe_type: String,
    /// The port, or the command and its arguments
    #[arg(required = true, value_name = "ARGS")]
    pub(super) words: Vec<String>,
    #[command(flatten)]
    app: AppArg,
    /// Path that is asked for
    #[arg(short, long, value_name = "PATH", default_value = "/")]
    pub(super) path: String,
    /// Process type
    #[arg(long = "type", value_name = "TYPE", default_value = "web/cmd")]
    process_type: String,
    /// Headers that are sent: `name:value,name:value`
    #[arg(long, value_name = "HEADERS")]
    pub(super) headers: Option<String>,
    /// Seconds after the start before the first try
    #[arg(long, value_name = "SECONDS", default_value_t = 50)]
    pub(super) initial_delay_timeout: u32,
    /// Seconds until a try counts as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 50)]
    pub(super) timeout_seconds: u32,
    /// Seconds between two tries
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(super) period_seconds: u32,
    /// Successes in a row until it passes
    #[arg(long, value_name = "NUM", default_value_t = 1)]
    pub(super) success_threshold: u32,
    /// Failures in a row until it fails
    #[arg(long, value_name = "NUM", default_value_t = 3)]
    pub(super) failure_threshold: u32,
}

/// Sets one and shows those of its type.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let kind: Kind = args.health_type.parse()?;
    let change = json!({ kind.field(): probe::from_args(args)? });
    let text = format!("Applying {} healthcheck... ", kind.field());
    apply(&text, &args.process_type, change, &args.app, context).await
}

/// Changes the probes of a type and shows what came of it.
pub async fn apply(text: &str, process_type: &str, change: Value, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin(text)?;
    let healthcheck = BTreeMap::from([(process_type.to_owned(), Some(change))]);
    let patch = ConfigPatch { healthcheck, ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    show::print(&context.ui, session.app.as_str(), &config.healthcheck, Some(process_type))
}
