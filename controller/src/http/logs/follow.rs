//! Lines as they are written: of instances that come and go, and of the controller, until the client has enough.

use std::{convert::Infallible, fmt, future::pending, num::ParseIntError, str::FromStr, time::Duration};

use api::types::LogLine;
use axum::body::Bytes;
use futures_util::{Stream, stream};
use tokio::{sync::watch, time::Instant};

use super::Form;
use crate::{
    db::{app::App, event, signal::Signal},
    logs::{Place, Selection, merge},
    signals::Waiter,
    state::State,
};

/// How often a program is told that there is nothing, so that both sides learn of a connection that is gone.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Most events taken at once.
const EVENTS: i64 = 1000;

/// How far somebody has read.
#[derive(Clone, Copy, Default)]
pub(super) struct Cursor {
    /// Lines of instances.
    pub place: Place,
    /// The controller's own.
    pub event: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.event, self.place)
    }
}

impl FromStr for Cursor {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        let (event, place) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self { event: event.parse()?, place: place.parse()? })
    }
}

/// Somebody who reads on.
pub(super) struct Follower {
    state: State,
    app: App,
    selection: Selection,
    form: Form,
    cursor: Cursor,
    /// Read and not told yet.
    first: Option<Vec<LogLine>>,
    signals: Waiter,
    /// Moves when lines are stored; none while another process stores them.
    stored: Option<watch::Receiver<u64>>,
    told: Instant,
}

impl Follower {
    pub(super) fn new(
        state: State,
        app: App,
        selection: Selection,
        form: Form,
        (lines, cursor): (Vec<LogLine>, Cursor),
    ) -> Self {
        let signals = state.signals.subscribe();
        let first = Some(lines);
        Self { state, app, selection, form, cursor, first, signals, stored: None, told: Instant::now() }
    }

    /// What is sent. It ends when the controller stops.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        stream::unfold(self, |mut follower| async move {
            let stopping = follower.state.signals.stopping();
            let text = stopping.run_until_cancelled(follower.next()).await??;
            Some((Ok(text.into()), follower))
        })
    }

    async fn next(&mut self) -> Option<String> {
        loop {
            let lines = match self.first.take() {
                Some(first) => first,
                None => self.read().await?,
            };
            let due = self.form == Form::Batches && self.told.elapsed() >= HEARTBEAT;
            if !lines.is_empty() || due {
                self.told = Instant::now();
                return self.form.write(lines, self.cursor).ok();
            }
            self.wait().await;
        }
    }

    /// What is new. None when the log cannot be read.
    async fn read(&mut self) -> Option<Vec<LogLine>> {
        let (store, app, mut place) = (self.state.logs.clone(), self.app.uuid, self.cursor.place);
        let read = tokio::task::spawn_blocking(move || {
            let stored = store.watch(app).ok();
            store.next(app, &mut place).map(|lines| (lines, place, stored))
        });
        let (mut lines, place, stored) = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                tracing::error!(error = format!("{error:#}"), "the log of an app cannot be read on");
                return None;
            }
            Err(_panicked) => return None,
        };
        self.cursor.place = place;
        if self.stored.is_none() {
            self.stored = stored;
        }
        lines.retain(|line| self.selection.takes(line));
        let events = self.events().await;
        Some(merge(&self.app.name, &lines, &events))
    }

    /// The controller's new lines. A database that is away has none to tell, and instances write on.
    async fn events(&mut self) -> Vec<event::Event> {
        if !self.selection.takes_events() {
            return Vec::new();
        }
        let events = event::after(&self.state.pool, self.app.id, self.cursor.event, EVENTS).await;
        let mut events = events.unwrap_or_default();
        self.cursor.event = events.last().map_or(self.cursor.event, |event| event.id);
        events.retain(|event| self.selection.takes_from(event.at));
        events
    }

    async fn wait(&mut self) {
        let app = Signal::App(self.app.id);
        let stored = async {
            match &mut self.stored {
                Some(stored) => stored.changed().await.is_ok(),
                None => pending().await,
            }
        };
        let goes_on = tokio::select! {
            goes_on = stored => goes_on,
            () = self.signals.next(|signal| signal == app) => true,
        };
        if !goes_on {
            // Another process stores them from now on.
            self.stored = None;
        }
    }
}
