//! `registry:set`.

use std::collections::BTreeMap;

use anyhow::Result;
use api::{client, types::ConfigPatch};
use serde_json::Value;

use super::list;
use crate::{
    context::Context,
    items::{self, AppArg},
    report::Failure,
    ui,
};

const KEYS: [&str; 2] = ["username", "password"];

/// Sets registry information for an application.
///
/// It is the login at the registry that holds the application's image. The config value PORT must be set as well.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli registry:set username=bob --password-stdin -a blog < password.txt\n  \
    mycli registry:set username=bob password=s3cur3pw1 -a blog")]
pub struct Args {
    /// username, password; other users of this machine can read it, so prefer --password-stdin
    #[arg(required_unless_present = "password_stdin", value_name = "KEY=VALUE")]
    items: Vec<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    app: AppArg,
}

/// Sets it and shows what came of it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let pairs = args.items.iter().map(|item| parse(item)).collect::<Result<Vec<_>, _>>()?;
    let password = args.password_stdin.then(|| ui::line("password")).transpose()?;
    let password = password.as_deref().map(|password| ("password", password));
    apply(items::set(pairs.into_iter().chain(password)), &args.app, context).await
}

/// Changes it and shows what came of it.
pub async fn apply(change: BTreeMap<String, Option<Value>>, app: &AppArg, context: &Context) -> Result<()> {
    let session = context.app(app)?;
    let progress = context.ui.begin("Applying registry information... ")?;
    let patch = ConfigPatch { registry: change, ..ConfigPatch::default() };
    let config = client::config::patch(&session.client, &session.app, &patch).await?;
    progress.done("done")?;
    context.ui.say("")?;
    list::print(&context.ui, session.app.as_str(), &config)
}

fn parse(item: &str) -> Result<(&str, &str), Failure> {
    let (key, value) = items::pair(item).ok_or_else(|| {
        Failure::new(format!(
            "{item} is invalid. Must be in format key=value\nExamples: username=bob password=s3cur3pw1"
        ))
    })?;
    if KEYS.contains(&key) {
        return Ok((key, value));
    }
    Err(Failure::new(format!("{key} is invalid. Valid keys are \"username\" or \"password\"")))
}
