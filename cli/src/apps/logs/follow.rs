//! `apps:logs --follow`: goes on with the next controller when one ends, and shows every line once.

use std::time::{Duration, Instant};

use anyhow::Result;
use api::client::{Error, logs::Wanted};

use super::{Args, open, tell};
use crate::{context::AppSession, ui::Ui};

/// How long a log that cannot be read is asked for.
const PATIENCE: Duration = Duration::from_mins(2);
/// Before it is asked for again.
const PAUSE: Duration = Duration::from_secs(1);

/// Until the user has enough, or may read no more.
pub(super) async fn run(args: &Args, session: &AppSession, ui: &Ui) -> Result<()> {
    let (mut wanted, mut heard) = (args.wanted(), Instant::now());
    loop {
        let read = read(args, session, &mut wanted, &mut heard, ui).await;
        let hope = wanted.after.is_some() && heard.elapsed() < PATIENCE;
        match read {
            Err(error) if !(hope && is_passing(&error)) => return Err(error),
            // The controller has ended, or the connection.
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Prints what comes. A batch is one line of the answer, so it came whole or not at all: what stands behind it is asked
/// for next.
async fn read(args: &Args, session: &AppSession, wanted: &mut Wanted, heard: &mut Instant, ui: &Ui) -> Result<()> {
    let mut batches = open(session, wanted).await?;
    while let Some(batch) = batches.next().await? {
        tell(args, ui, &batch.lines)?;
        wanted.after = Some(batch.cursor);
        *heard = Instant::now();
    }
    Ok(())
}

fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(Error::may_pass)
}
