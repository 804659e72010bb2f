//! `keys:add`.

use std::path::Path;

use anyhow::Result;
use api::client::keys;
use clap::ValueHint;

use super::{choose::choose, file::KeyFile, trust};
use crate::{context::Context, report::Failure};

/// Adds SSH keys for the logged in user.
///
/// Whoever has the private half can push to your applications. Without a key you choose among those in ~/.ssh. On a
/// terminal you are then asked whether to trust the host keys of the platform, so that the first push need not ask.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli keys:add                                    choose one of ~/.ssh/*.pub\n  \
    mycli keys:add ~/.ssh/id_ed25519.pub              named by its comment\n  \
    mycli keys:add laptop ~/.ssh/id_ed25519.pub --trust-host")]
pub struct Args {
    /// Name of the key [default: its comment, else the name of its file]
    #[arg(value_hint = ValueHint::FilePath)]
    name: Option<String>,
    /// File of the public key
    #[arg(value_hint = ValueHint::FilePath)]
    key: Option<String>,
    /// Add the platform's host keys to `~/.ssh/known_hosts` without a question
    #[arg(long)]
    trust_host: bool,
}

/// Uploads it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.session()?;
    let (name, path) = told_apart(args.name.as_deref(), args.key.as_deref())?;
    let file = match path {
        Some(path) => KeyFile::read(path.into())?,
        None => choose(&context.ui)?,
    };
    let id = name.map_or_else(|| file.id(), str::to_owned);
    let progress = context.ui.begin(&format!("Uploading {} to deis... ", file.name()))?;
    keys::add(&session.client, &id, &file.key).await?;
    progress.done("done")?;
    if args.trust_host {
        return trust::at_once(&session, context).await;
    }
    if context.ui.can_ask() { trust::offer(&session, context).await } else { Ok(()) }
}

/// Which word is the name and which the file: they may stand in either order.
fn told_apart<'a>(
    first: Option<&'a str>,
    second: Option<&'a str>,
) -> Result<(Option<&'a str>, Option<&'a str>), Failure> {
    let is_file = |word: &str| Path::new(word).is_file();
    let is_name = |word: &str| !word.contains('/') && Path::new(word).extension().is_none_or(|end| end != "pub");
    match (first, second) {
        (Some(key), name) if is_file(key) && name.is_none_or(|name| !is_file(name)) => Ok((name, Some(key))),
        (name, Some(key)) if is_file(key) => Ok((name, Some(key))),
        (Some(word), None) if is_name(word) => Ok((Some(word), None)),
        (_, Some(key)) | (Some(key), None) => Err(Failure::new(format!("{key} is no file"))),
        (None, None) => Ok((None, None)),
    }
}
