//! `apps:open`.

use std::process::Stdio;

use anyhow::Result;

use super::address;
use crate::{child, context::Context, items::AppArg, report::Failure};

/// The program that opens a URL in the user's browser.
const OPENER: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens a URL to the application in the default browser.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
}

/// Hands the address to the desktop.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let address = address::of(&session).await?;
    let has_scheme = address.starts_with("http://") || address.starts_with("https://");
    let url = if has_scheme { address } else { format!("http://{address}") };
    let status = child::command(OPENER).arg(&url).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(cannot(&url, &status.to_string())),
        Err(error) => Err(cannot(&url, &error.to_string())),
    }
}

fn cannot(url: &str, why: &str) -> anyhow::Error {
    Failure::new(format!("cannot open a browser: {OPENER}: {why}")).hint(format!("The address is {url}")).into()
}
