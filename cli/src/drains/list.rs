//! `drains:list`.

use anyhow::Result;
use api::{client::drains, types::Drain};

use crate::{
    context::Context,
    items::{AppArg, JsonArg},
};

/// Lists where the log of an application is sent on to, and how that goes.
///
/// Sent are messages that arrived; dropped are lines that the log had no more room for before a slow or absent receiver
/// took them.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli drains -a blog\n  mycli drains:list --platform")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Where the operator has the logs of all applications sent to; for administrators
    #[arg(long, conflicts_with = "app")]
    platform: bool,
    #[command(flatten)]
    json: JsonArg,
}

/// Lists them, the oldest first.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let (title, drains) = if args.platform {
        ("Platform".to_owned(), drains::list_platform(&context.session()?.client).await?)
    } else {
        let session = context.app(&args.app)?;
        (session.app.to_string(), drains::list(&session.client, &session.app).await?)
    };
    let ui = &context.ui;
    if args.json.json {
        return Ok(ui.json(&drains)?);
    }
    ui.heading(format!("{title} Drains"))?;
    for drain in &drains {
        ui.say(format!("--- {}", drain.url))?;
        about(drain).iter().try_for_each(|(label, value)| ui.say(format!("{label:<9} {value}")))?;
    }
    Ok(())
}

fn about(drain: &Drain) -> Vec<(&'static str, String)> {
    let at = |at: Option<api::time::Timestamp>| at.map(|at| format!(" ({at})")).unwrap_or_default();
    let mut about = vec![
        ("Id:", drain.uuid.to_string()),
        ("Sent:", format!("{}{}", drain.sent, at(drain.last_sent))),
        ("Dropped:", drain.dropped.to_string()),
    ];
    about.extend(drain.last_error.as_ref().map(|error| ("Failed:", format!("{error}{}", at(drain.last_error_at)))));
    about
}
