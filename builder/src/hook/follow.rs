//! Following a build to the end of its deploy, through lost connections, with a sign of life for the pusher.

use std::{
    io::{self, Write},
    pin::pin,
    time::Duration,
};

use api::push::{HEARTBEAT_SECS, PushEvent};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

use super::{Refused, Screen};
use crate::client::Controller;

const SILENCE: Duration = Duration::from_secs(HEARTBEAT_SECS);
/// Without an event, not even a heartbeat, a connection is dead.
const DEAD: Duration = Duration::from_secs(3 * HEARTBEAT_SECS);
/// How long the controller may be away.
const AWAY: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(500);
const LOST: &str = "The controller has not answered for 2 minutes. The build goes on without being shown: `mycli builds` and \
                    `mycli releases` tell what came of it.";

/// How a push ended.
type Outcome = Result<(), Refused>;

/// Follows one build.
pub(super) struct Follower<'a, W> {
    controller: &'a Controller,
    build: Uuid,
    screen: &'a mut Screen<W>,
    from: u64,
    /// The last line of the log so far.
    last: String,
    built: bool,
    answered: Instant,
}

impl<'a, W: Write> Follower<'a, W> {
    pub fn new(controller: &'a Controller, build: Uuid, screen: &'a mut Screen<W>) -> Self {
        Self { controller, build, screen, from: 0, last: String::new(), built: false, answered: Instant::now() }
    }

    /// To the end.
    pub async fn run(mut self) -> io::Result<Outcome> {
        loop {
            if let Some(outcome) = self.attend().await? {
                return Ok(outcome);
            }
            if self.answered.elapsed() >= AWAY {
                return Ok(Err(Refused(LOST.to_owned())));
            }
            self.lively(sleep(PAUSE)).await?;
        }
    }

    /// To the end, or until the connection is lost.
    async fn attend(&mut self) -> io::Result<Option<Outcome>> {
        let (controller, build, from) = (self.controller, self.build, self.from);
        let mut events = match self.lively(controller.events(build, from)).await? {
            Ok(events) => events,
            Err(error) if error.is_final() => return Ok(Some(Err(Refused(error.words())))),
            Err(_passing) => return Ok(None),
        };
        while let Ok(Some(event)) = self.lively(timeout(DEAD, events.next())).await? {
            self.answered = Instant::now();
            if let Some(outcome) = self.show(event)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    fn show(&mut self, event: PushEvent) -> io::Result<Option<Outcome>> {
        match event {
            PushEvent::Queued { ahead: 0 } | PushEvent::Heartbeat => {}
            PushEvent::Queued { ahead: 1 } => self.screen.print("Waiting for 1 build before this one")?,
            PushEvent::Queued { ahead } => self.screen.print(&format!("Waiting for {ahead} builds before this one"))?,
            PushEvent::Log { text, next } => {
                if next > self.from {
                    self.from = next;
                    self.screen.print(&text)?;
                    text.lines().last().unwrap_or_default().clone_into(&mut self.last);
                }
            }
            PushEvent::Built => self.launch()?,
            PushEvent::Done { app, version, url } => {
                self.launch()?;
                self.screen.print(&done(&app, version, &url))?;
                return Ok(Some(Ok(())));
            }
            PushEvent::Failed { reason } => return Ok(Some(Err(self.refused(reason)))),
        }
        Ok(None)
    }

    /// The reason, without what the log has just said.
    fn refused(&self, reason: String) -> Refused {
        if self.built {
            return Refused(format!("The controller returned an error when publishing the release: {reason}"));
        }
        let said = self.last.strip_prefix("Error: ").is_some_and(|said| said.starts_with(&reason));
        Refused(if said { String::new() } else { reason })
    }

    /// Once, however often a new connection tells it.
    fn launch(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.built, true) {
            return Ok(());
        }
        self.screen.print("Build complete.\nLaunching App...")
    }

    /// Waits, and shows that it still does.
    async fn lively<T>(&mut self, work: impl Future<Output = T>) -> io::Result<T> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                value = &mut work => return Ok(value),
                () = sleep_until(self.screen.spoke() + SILENCE) => self.screen.print("...")?,
            }
        }
    }
}

fn done(app: &str, version: u32, url: &str) -> String {
    let url = if url.is_empty() { String::new() } else { format!("\n{url}\n") };
    format!(
        "Done, {app}:v{version} deployed to Workflow\n{url}\nUse 'deis open' to view this application in your browser\n\n\
         To learn more, use 'deis help' or visit https://deis.com/\n\n"
    )
}
