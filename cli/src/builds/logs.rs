//! `builds:logs`.

use anyhow::Result;
use api::client::builds::{self, Log};
use uuid::Uuid;

use super::latest;
use crate::{context::Context, items::AppArg, ui::Ui};

/// Prints what the build of a push wrote.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli builds:logs -a blog\n  \
    mycli builds:logs -a blog --follow")]
pub struct Args {
    /// The build [default: the newest]
    build: Option<Uuid>,
    #[command(flatten)]
    app: AppArg,
    /// Go on until the build ends
    #[arg(short, long)]
    follow: bool,
}

/// Prints it.
pub async fn run(args: &Args, context: &Context) -> Result<()> {
    let session = context.app(&args.app)?;
    let build = latest::build(args.build, &session, context).await?;
    if args.follow {
        return follow(builds::follow(&session.client, &session.app, build).await?, &context.ui).await;
    }
    let text = builds::log(&session.client, &session.app, build).await?;
    Ok(text.lines().try_for_each(|line| context.ui.say(line))?)
}

/// Lines as they come; the last one may lack its end.
async fn follow(mut log: Log, ui: &Ui) -> Result<()> {
    let mut rest = Vec::new();
    while let Some(chunk) = log.next().await? {
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = rest.drain(..=end).collect();
            ui.say(String::from_utf8_lossy(&line[..end]))?;
        }
    }
    if !rest.is_empty() {
        ui.say(String::from_utf8_lossy(&rest))?;
    }
    Ok(())
}
