//! `builds:logs`.

use std::time::{Duration, Instant};

use anyhow::Result;
use api::client::{Error, builds};
use uuid::Uuid;

use super::{build_id, latest};
use crate::{
    context::{AppSession, Context},
    items::AppArg,
    ui::Ui,
};

/// How long a log that breaks off again and again is asked for without telling anything new.
const PATIENCE: Duration = Duration::from_mins(2);

/// Prints what the build of a push wrote.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    mycli builds:logs -a blog\n  \
    mycli builds:logs -a blog --follow")]
pub struct Args {
    /// The build [default: the newest]
    #[arg(value_parser = build_id)]
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
        return follow(&session, build, &context.ui).await;
    }
    let text = builds::log(&session.client, &session.app, build).await?;
    Ok(text.lines().try_for_each(|line| context.ui.say(line))?)
}

/// To the end of the build, whatever becomes of the controller meanwhile.
async fn follow(session: &AppSession, build: Uuid, ui: &Ui) -> Result<()> {
    let (mut lines, mut news) = (Lines::default(), Instant::now());
    loop {
        match read(session, build, &mut lines, ui).await {
            Ok(()) => return lines.end(ui),
            Err(error) if !is_lost(&error) || news.elapsed() > PATIENCE => return Err(error),
            Err(_passing) => {}
        }
        if lines.again() {
            news = Instant::now();
        }
    }
}

async fn read(session: &AppSession, build: Uuid, lines: &mut Lines, ui: &Ui) -> Result<()> {
    let mut log = builds::follow(&session.client, &session.app, build).await?;
    while let Some(chunk) = log.next().await? {
        lines.print(&chunk, ui)?;
    }
    Ok(())
}

fn is_lost(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::Lost { .. }))
}

/// A log that is printed line by line, and read from its beginning each time it had broken off.
#[derive(Default)]
struct Lines {
    /// Bytes that were printed or are in `rest`.
    seen: usize,
    /// Bytes since the log was read from its beginning.
    read: usize,
    /// What still lacks the end of its line.
    rest: Vec<u8>,
    /// Something new came since then.
    news: bool,
}

impl Lines {
    fn print(&mut self, chunk: &[u8], ui: &Ui) -> Result<()> {
        let known = self.seen.saturating_sub(self.read).min(chunk.len());
        self.read += chunk.len();
        let new = &chunk[known..];
        self.seen += new.len();
        self.news |= !new.is_empty();
        self.rest.extend_from_slice(new);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<_> = self.rest.drain(..=end).collect();
            ui.say(String::from_utf8_lossy(&line[..end]))?;
        }
        Ok(())
    }

    /// From its beginning; tells whether there was anything new the last time.
    fn again(&mut self) -> bool {
        self.read = 0;
        std::mem::take(&mut self.news)
    }

    /// The last line may lack its end.
    fn end(self, ui: &Ui) -> Result<()> {
        if !self.rest.is_empty() {
            ui.say(String::from_utf8_lossy(&self.rest))?;
        }
        Ok(())
    }
}
