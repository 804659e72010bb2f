//! What one drain has to send next: lines of its app, or of all, and what the controller says of them.
//!
//! Nothing is kept here but places: the log is the buffer, so that a receiver may be as slow as it likes.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use api::names::AppName;
use chrono::{DateTime, Utc};
use tokio::{
    sync::{Notify, watch},
    task::spawn_blocking,
};
use uuid::Uuid;

use super::message::Message;
use crate::{
    db::{
        drain::Mark,
        event::{self, Event},
    },
    logs::{Piece, Position, merge},
    state::State,
};

/// Most of the controller's lines taken at once.
const EVENTS: i64 = 1000;

/// What all drains see of the apps.
#[derive(Debug, Default)]
pub struct View {
    /// Each by its id.
    pub apps: HashMap<i64, (Uuid, AppName)>,
    /// The controller's lines from before then can be read; see [`event::settled`].
    pub until: DateTime<Utc>,
}

/// Where a drain hears that there may be something to send.
#[derive(Default)]
pub struct Hints {
    apps: Mutex<HashSet<i64>>,
    told: Notify,
}

impl Hints {
    /// There may be something of these apps.
    pub fn tell(&self, apps: impl IntoIterator<Item = i64>) {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner).extend(apps);
        self.told.notify_one();
    }

    /// Returns when something was told since this last returned.
    pub async fn wait(&self) {
        self.told.notified().await;
    }

    fn take(&self) -> HashSet<i64> {
        std::mem::take(&mut self.apps.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// See the module.
pub struct Feed {
    state: State,
    view: watch::Receiver<Arc<View>>,
    hints: Arc<Hints>,
    readings: HashMap<i64, Reading>,
    /// Apps to look at, one after the other, so that none keeps others waiting.
    due: VecDeque<i64>,
}

/// How far one app was read.
#[derive(Clone, Copy)]
struct Reading {
    position: Position,
    event_id: i64,
    /// The controller's lines from before then were read.
    until: DateTime<Utc>,
    /// When the last line was written that was read, as far as that is known.
    last: DateTime<Utc>,
}

/// What is sent at once.
#[derive(Debug)]
pub struct Batch {
    pub app_id: i64,
    pub messages: Vec<Message>,
    /// So many lines before these are lost.
    pub missed: u64,
    /// Where the app was before these.
    pub before: Mark,
    /// Where it is behind them.
    pub after: Mark,
}

impl Feed {
    /// Goes on at these places; where an app has none, at its beginning.
    pub fn new(
        state: State,
        view: watch::Receiver<Arc<View>>,
        hints: Arc<Hints>,
        marks: HashMap<i64, (Mark, DateTime<Utc>)>,
    ) -> Self {
        let readings = marks.into_iter().map(|(app_id, (mark, at))| (app_id, Reading::at(mark, at))).collect();
        Self { state, view, hints, readings, due: VecDeque::new() }
    }

    /// What is next; none when there is no more now.
    pub async fn next(&mut self) -> Result<Option<Batch>> {
        for app_id in self.hints.take() {
            self.look_at(app_id);
        }
        while let Some(app_id) = self.due.pop_front() {
            let read = self.read(app_id).await;
            if !matches!(read, Ok(None)) {
                self.look_at(app_id);
                return read;
            }
        }
        Ok(None)
    }

    /// Goes back to where an app was.
    pub fn rewind(&mut self, app_id: i64, before: Mark) {
        let last = self.readings.get(&app_id).map_or_else(Utc::now, |reading| reading.last);
        self.readings.insert(app_id, Reading::at(before, last));
        self.look_at(app_id);
    }

    fn look_at(&mut self, app_id: i64) {
        if !self.due.contains(&app_id) {
            self.due.push_back(app_id);
        }
    }

    async fn read(&mut self, app_id: i64) -> Result<Option<Batch>> {
        let view = Arc::clone(&self.view.borrow_and_update());
        let Some((uuid, name)) = view.apps.get(&app_id) else { return Ok(None) };
        let mut reading = self.readings.get(&app_id).copied().unwrap_or_default();
        let before = reading.mark();
        let events = self.events(app_id, &mut reading, view.until).await?;
        let piece = self.lines(*uuid, &mut reading).await?;
        let messages = messages(name, &piece, &events, reading.last);
        reading.last = piece.lines.last().map_or(reading.last, |line| line.at);
        self.readings.insert(app_id, reading);
        let after = reading.mark();
        let batch = Batch { app_id, messages, missed: piece.missed, before, after };
        Ok((!batch.messages.is_empty()).then_some(batch))
    }

    async fn events(&self, app_id: i64, reading: &mut Reading, until: DateTime<Utc>) -> Result<Vec<Event>> {
        if reading.until >= until {
            return Ok(Vec::new());
        }
        let events = event::settled_after(&self.state.pool, app_id, reading.event_id, until, EVENTS).await?;
        reading.event_id = events.last().map_or(reading.event_id, |event| event.id);
        if events.len() < usize::try_from(EVENTS).unwrap_or_default() {
            reading.until = until;
        }
        Ok(events)
    }

    async fn lines(&self, app: Uuid, reading: &mut Reading) -> Result<Piece> {
        let (store, mut position) = (Arc::clone(&self.state.logs), reading.position);
        let read = spawn_blocking(move || store.read_on(app, &mut position).map(|piece| (piece, position)));
        let (piece, position) = read.await.context("reading a log panicked")??;
        reading.position = position;
        Ok(piece)
    }
}

impl Reading {
    fn at(mark: Mark, last: DateTime<Utc>) -> Self {
        let Mark { sequence, event_id } = mark;
        Self { position: Position::at(sequence), event_id, until: DateTime::UNIX_EPOCH, last }
    }

    fn mark(&self) -> Mark {
        Mark { sequence: self.position.sequence(), event_id: self.event_id }
    }
}

impl Default for Reading {
    fn default() -> Self {
        Self::at(Mark { sequence: 0, event_id: 0 }, DateTime::UNIX_EPOCH)
    }
}

fn messages(app: &AppName, piece: &Piece, events: &[Event], last: DateTime<Utc>) -> Vec<Message> {
    let at = piece.lines.first().map_or_else(Utc::now, |line| line.at);
    let dropped = (piece.missed > 0).then(|| Message::dropped(app, at, piece.missed, last));
    let merged = merge(app, &piece.lines, events);
    dropped.into_iter().chain(merged.iter().flat_map(|line| Message::of(app, line))).collect()
}
