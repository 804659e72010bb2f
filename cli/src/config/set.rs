//! `config:set`.

use std::path::PathBuf;

use anyhow::Result;
use api::{
    client,
    types::{Config, ConfigPatch},
};

use super::{
    input, list,
    pair::{self, Pair},
};
use crate::{
    context::{AppSession, Context},
    items::{self, AppArg},
    report::Failure,
};

/// Sets environment variables for an application.
///
/// The change makes a new release, and the processes are replaced one after the other by ones that see it. What stands on
/// the command line stands in the shell's history, too, and in the list of processes, where every user of this machine
/// reads it: take secrets from standard input or from a file.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli config:set POWERED_BY=Slipway -a blog\n  \
    mycli config:set MODE=test DEBUG=1 -a blog        one release for both\n  \
    mycli config:set TLS_KEY=- -a blog < server.key   all of the file but its last line end\n  \
    mycli config:set TOKEN=- -a blog                  asks for it, and does not show it\n  \
    mycli config:set --file production.env -a blog    lines KEY=value")]
pub struct Args {
    /// The variables; `KEY=-` takes the value from standard input
    #[arg(required_unless_present = "file", value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    /// Set what the lines KEY=value of a file say; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    app: AppArg,
}

/// Sets them, and shows all that is set now, unless values were kept off the command line.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let mut pairs = match &args.file {
        Some(file) => pair::read_lines(&input::text(file)?)?,
        None => Vec::new(),
    };
    // Of two values for one variable the later counts.
    pairs.extend(pair::read(&arguments(args, context)?)?);
    if args.file.is_some() || takes_input(args, context) {
        // Who keeps values off the command line does not want them on the screen or in the log of a CI system either.
        return apply(&pairs, &session, context).await.map(drop);
    }
    show(&pairs, &session, context).await
}

/// True when a value comes from standard input. To Deis a dash was a value like any other.
fn takes_input(args: &Args, context: &Context) -> bool {
    !context.name.is_deis() && args.pairs.iter().any(|item| input::is_wanting(item))
}

/// The arguments, complete.
fn arguments(args: &Args, context: &Context) -> Result<Vec<String>> {
    if !takes_input(args, context) {
        return Ok(args.pairs.clone());
    }
    if args.file.as_deref().is_some_and(input::is_input) {
        return Err(Failure::new("standard input cannot be both --file and the value of a variable").into());
    }
    input::filled(&args.pairs, &context.ui)
}

/// Sets them and shows all that is set now.
pub async fn show(pairs: &[Pair], session: &AppSession, context: &Context) -> Result<()> {
    let config = apply(pairs, session, context).await?;
    context.ui.say("")?;
    list::print(&context.ui, &session.app, &config.values)
}

async fn apply(pairs: &[Pair], session: &AppSession, context: &Context) -> Result<Config> {
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
    Ok(config)
}
