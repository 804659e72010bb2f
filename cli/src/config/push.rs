//! `config:push`.

use std::{io, path::PathBuf};

use anyhow::{Context as _, Result};

use super::{input, pair, set};
use crate::{context::Context, items::AppArg, ui};

/// Sets environment variables for an application.
///
/// They are read from a file of lines `KEY=value`, or from standard input when that is a pipe or a file; so no other
/// user of this machine sees them.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli config:push -a blog\n  \
    mycli config:push -a blog --path production.env\n  \
    printf 'TOKEN=%s' \"$TOKEN\" | mycli config:push -a blog")]
pub struct Args {
    #[command(flatten)]
    app: AppArg,
    /// The file
    #[arg(short, long, value_name = "PATH", default_value = ".env")]
    path: PathBuf,
}

/// Reads and sets them.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    // A character device and not only a terminal: automation that runs with /dev/null means the file.
    let text = if ui::is_device(io::stdin()) {
        input::text(&args.path)?
    } else {
        io::read_to_string(io::stdin()).context("cannot read standard input")?
    };
    set::show(&pair::read_lines(&text)?, &session, context).await
}
