//! `drains:add`.

use std::io;

use anyhow::{Context as _, Result};
use api::{client::drains, names::DrainUrl};

use crate::{context::Context, items::AppArg, report::Failure};

/// Has the log of an application sent on, from now on.
///
/// A URL begins with syslog+tls:// (RFC 5424 over TLS; then host and port), syslog:// (the same in the clear), or https://
/// (batches by POST, in the form of Heroku's logplex; user, password, path and query as the receiver has them). A lone - takes it
/// from standard input, so that what is secret in it is in no list of processes and no history.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  mycli drains:add syslog+tls://logs.example.com:6514 -a blog\n  \
                        pass show logs/url | mycli drains:add - -a blog")]
pub struct Args {
    /// Where to, or - for standard input
    url: String,
    #[command(flatten)]
    app: AppArg,
}

/// Adds it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let text = if args.url == "-" {
        io::read_to_string(io::stdin()).context("cannot read standard input")?
    } else {
        args.url.clone()
    };
    let url = DrainUrl::parse(text.trim()).map_err(|invalid| Failure::new(invalid.to_string()))?;
    let session = context.app(&args.app)?;
    let progress = context.ui.begin(&format!("Adding drain {} to {}... ", url.masked(), session.app))?;
    let added = drains::add(&session.client, &session.app, url).await?;
    Ok(progress.done(&format!("done, {}", added.uuid))?)
}
