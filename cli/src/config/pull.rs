//! `config:pull`.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::{Context as _, Result};
use api::client::config;

use super::{
    dotenv,
    pair::{self, Pair},
};
use crate::{
    context::Context,
    items::AppArg,
    report::Failure,
    settings::write_private,
    ui::{self, Ui},
};

const FILE: &str = ".env";

/// Extract all environment variables from an application for local use.
///
/// They are written to the file `.env`, readable for you alone; into a pipe or file they are printed.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli config:pull -a blog\n  \
    mycli config:pull -a blog > production.env")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// Keep what .env has and ask about every difference; needs --overwrite when there is an .env
    #[arg(short, long)]
    interactive: bool,
    /// Replace an .env that exists
    #[arg(short, long)]
    overwrite: bool,
}

/// Writes or prints them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let remote = config::get(&session.client, &session.app).await?.values;
    if !ui::is_device(io::stdout()) {
        return Ok(context.ui.stdout(text(remote).as_bytes())?);
    }
    let local = local()?;
    if local.is_some() && !args.overwrite {
        return Err(Failure::new(format!("{FILE} already exists, pass -o to overwrite")).into());
    }
    let values = match local {
        Some(local) if args.interactive => merge(local, remote, &context.ui)?,
        _ => remote,
    };
    write_private(Path::new(FILE), text(values).as_bytes()).with_context(|| format!("cannot write {FILE}"))
}

fn text(values: BTreeMap<String, String>) -> String {
    dotenv::write(values.into_iter().map(|(key, value)| Pair { key, value }))
}

fn local() -> Result<Option<BTreeMap<String, String>>> {
    match fs::read_to_string(FILE) {
        Ok(text) => {
            let pairs = pair::read_lines(&text)?;
            Ok(Some(pairs.into_iter().map(|pair| (pair.key, pair.value)).collect()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {FILE}")),
    }
}

/// Keys that are only here stay, keys that are only there come, about the others the user decides.
fn merge(
    mut local: BTreeMap<String, String>,
    remote: BTreeMap<String, String>,
    ui: &Ui,
) -> Result<BTreeMap<String, String>> {
    for (key, theirs) in remote {
        let keep = match local.get(&key) {
            Some(ours) if *ours != theirs => !ui.confirm(&format!("{key}: overwrite {ours} with {theirs}?"))?,
            _ => false,
        };
        if !keep {
            local.insert(key, theirs);
        }
    }
    Ok(local)
}
