//! Runs that nobody waits for.

use anyhow::Result;
use api::{client::runs, types::StartRun};

use super::Args;
use crate::{
    context::{AppSession, Context},
    exit::Exit,
    report::Failure,
};

/// Begins it and tells its name.
pub(super) async fn begin(args: &Args, session: &AppSession, command: String, context: &Context) -> Result<Exit> {
    let seconds = |limit: std::time::Duration| {
        u32::try_from(limit.as_secs()).map_err(|_| Failure::new("A time limit of so many years is none."))
    };
    let time_limit = args.time_limit.map(seconds).transpose()?;
    let progress = context.ui.begin(&format!("Starting '{command}'... "))?;
    let wanted = StartRun { command, name: args.name.clone(), time_limit };
    let run = runs::detach(&session.client, &session.app, &wanted).await?;
    progress.done(&format!("done, {}", run.name))?;
    let (name, app) = (&context.name, &session.app);
    context.ui.hint(&format!("{name} logs -a {app} --instance {0}\n{name} runs:stop {0} -a {app}", run.name))?;
    Ok(Exit::Done)
}
