//! `ps:restart`.

use std::time::Instant;

use anyhow::Result;
use api::{
    client::{
        Error, StatusCode,
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
    let restarted = pods::restart(&session.client, &session.app, &target).await;
    let pods = restarted.map_err(|error| explain(error, &target, &session))?;
    if pods.is_empty() {
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

fn explain(error: Error, target: &Target, session: &AppSession) -> anyhow::Error {
    match target {
        Target::Type(process_type) if is_unknown_type(&error) => {
            Failure::new(format!("Could not find process type {process_type} in app {}", session.app)).into()
        }
        _ => error.into(),
    }
}

fn is_unknown_type(error: &Error) -> bool {
    error.refusal().is_some_and(|refusal| {
        refusal.status == StatusCode::BAD_REQUEST && refusal.text.contains("does not exist in application")
    })
}
