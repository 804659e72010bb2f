//! `ps:restart`.

use std::time::Instant;

use anyhow::Result;
use api::{
    client::{
        apps,
        pods::{self, Target},
    },
    types::Pod,
};

use super::{drink, list};
use crate::{
    context::{AppSession, Context},
    items::AppArg,
    report::Failure,
};

/// Restarts an application, a process type or a specific process.
///
/// Each process is replaced by a new one.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli ps:restart -a blog\n  \
    mycli ps:restart web -a blog\n  \
    mycli ps:restart blog-web-3f9a1c07-1vxqg -a blog")]
pub struct Args {
    /// A process type or the name of a process
    #[arg(value_name = "TYPE")]
    target: Option<String>,
    #[command(flatten)]
    app: AppArg,
}

/// Restarts them and shows the new ones.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let ui = &context.ui;
    let target = match &args.target {
        Some(text) => target(text, &session).await?,
        None => Target::All,
    };
    ui.say(format!("Restarting processes... but first, {}!", drink()))?;
    let start = Instant::now();
    let progress = ui.begin("")?;
    let pods = pods::restart(&session.client, &session.app, &target).await?;
    if pods.is_empty() {
        check_type(&target, &session).await?;
        return Ok(progress.done("Could not find any processes to restart")?);
    }
    progress.done(&format!("done in {}s", start.elapsed().as_secs()))?;
    list::print(ui, &session.app, &pods)
}

/// Both types and names of processes may hold hyphens, so what runs decides which one is meant.
async fn target(text: &str, session: &AppSession) -> Result<Target> {
    if !text.contains('-') {
        return Ok(Target::Type(text.to_owned()));
    }
    let pods = pods::list(&session.client, &session.app, None).await?.results;
    let full = format!("{}-{text}", session.app);
    let named = |pod: &&Pod| pod.name == text || pod.name == full;
    Ok(match pods.iter().find(named) {
        Some(pod) => Target::Pod { process_type: pod.process_type.clone(), name: pod.name.clone() },
        None => Target::Type(text.to_owned()),
    })
}

/// The controller has nothing to restart of a type that the app does not have, as of one that is scaled to zero.
async fn check_type(target: &Target, session: &AppSession) -> Result<()> {
    let Target::Type(wanted) = target else { return Ok(()) };
    let app = apps::get(&session.client, &session.app).await?;
    if app.structure.keys().any(|name| name.as_str() == wanted) {
        return Ok(());
    }
    Err(Failure::new(format!("Could not find process type {wanted} in app {}", session.app)).into())
}
