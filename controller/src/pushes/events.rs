//! What becomes of a push, line by line, as the pusher is told it.

use std::{collections::VecDeque, time::Duration};

use api::push::{HEARTBEAT_SECS, PushEvent};
use axum::{
    body::Body,
    extract::{Path, Query, State as Extract},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use tokio::time::Instant;
use uuid::Uuid;

use super::log::{LOOK, PATIENCE, Reader};
use crate::{
    db::{
        self,
        push::{Push, State as PushState},
        signal::Signal,
    },
    error::Error,
    signals::{POLL, Waiter},
    state::State,
};

const HEARTBEAT: Duration = Duration::from_secs(HEARTBEAT_SECS);

/// Where the listener stands.
#[derive(Deserialize)]
pub(super) struct Position {
    #[serde(default)]
    from: u64,
}

pub(super) async fn events(
    Extract(state): Extract<State>,
    Path(build): Path<Uuid>,
    Query(position): Query<Position>,
) -> Result<Response, Error> {
    if db::push::find(&state.pool, build).await?.is_none() {
        return Err(Error::Missing("Build"));
    }
    let teller = Teller::new(state, build, position.from);
    let lines = stream::unfold(teller, |mut teller| async move {
        let line = teller.next().await?;
        Some((line, teller))
    });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

struct Teller {
    state: State,
    signals: Waiter,
    build: Uuid,
    log: Reader,
    /// Since when the log could not be read.
    deaf_since: Option<Instant>,
    log_is_over: bool,
    /// The place in the queue that was told last.
    ahead: Option<i64>,
    told_built: bool,
    is_over: bool,
    queue: VecDeque<PushEvent>,
    heartbeat: Instant,
}

impl Teller {
    fn new(state: State, build: Uuid, from: u64) -> Self {
        Self {
            signals: state.signals.subscribe(),
            state,
            build,
            log: Reader::new(build, from),
            deaf_since: None,
            log_is_over: false,
            ahead: None,
            told_built: false,
            is_over: false,
            queue: VecDeque::new(),
            heartbeat: Instant::now() + HEARTBEAT,
        }
    }

    async fn next(&mut self) -> Option<serde_json::Result<Bytes>> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                self.heartbeat = Instant::now() + HEARTBEAT;
                return Some(line(&event));
            }
            if self.is_over {
                return None;
            }
            let pause = self.look().await.unwrap_or_else(|error| {
                tracing::debug!(%error, "a push cannot be looked at; trying again");
                POLL
            });
            if self.queue.is_empty() {
                self.wait(pause).await;
            }
        }
    }

    /// Queues what is new. Answers for how long nothing new can be expected without a signal.
    async fn look(&mut self) -> Result<Duration, Error> {
        let Some(push) = db::push::find(&self.state.pool, self.build).await? else {
            self.end(PushEvent::Failed { reason: "The app was destroyed.".to_owned() });
            return Ok(POLL);
        };
        match push.state {
            PushState::Queued => self.tell_place(&push).await?,
            PushState::Building => {
                self.read().await;
                return Ok(LOOK);
            }
            // The row was looked at first: what its build wrote before it ended is found now.
            _ if !self.log_is_over => {
                self.log_is_over = self.read().await;
                return Ok(if self.log_is_over { Duration::ZERO } else { LOOK });
            }
            _ => self.tell_outcome(&push).await?,
        }
        Ok(POLL)
    }

    async fn tell_place(&mut self, push: &Push) -> Result<(), Error> {
        let ahead = db::push_queue::ahead(&self.state.pool, push.id).await?;
        if let Some(number) = ahead.filter(|_| ahead != self.ahead) {
            self.ahead = ahead;
            self.queue.push_back(PushEvent::Queued { ahead: number.unsigned_abs() });
        }
        Ok(())
    }

    /// Reads on in the log. True when there is, or can be had, nothing more for now.
    async fn read(&mut self) -> bool {
        match self.log.read(&self.state).await {
            Ok(found) => {
                self.deaf_since = None;
                if !found.text.is_empty() {
                    self.queue.push_back(PushEvent::Log { text: found.text, next: self.log.next });
                }
                found.is_end
            }
            Err(error) => {
                tracing::debug!(%error, "the log of a build cannot be read; trying again");
                let since = *self.deaf_since.get_or_insert_with(Instant::now);
                since.elapsed() > PATIENCE
            }
        }
    }

    async fn tell_outcome(&mut self, push: &Push) -> Result<(), Error> {
        if push.image_ref.is_some() && !self.told_built {
            self.told_built = true;
            self.queue.push_back(PushEvent::Built);
        }
        match push.state {
            PushState::Done => {
                let event = self.done(push).await?;
                self.end(event);
            }
            PushState::Failed | PushState::Cancelled => {
                let reason = push.reason.clone().unwrap_or_else(|| "The build was cancelled.".to_owned());
                self.end(PushEvent::Failed { reason });
            }
            PushState::Queued | PushState::Building | PushState::Deploying => {}
        }
        Ok(())
    }

    async fn done(&self, push: &Push) -> Result<PushEvent, Error> {
        let app = db::app::get(&self.state.pool, push.app_id).await?.ok_or(Error::Missing("App"))?;
        let version = push.version.and_then(|version| u32::try_from(version).ok()).unwrap_or_default();
        let url = self.url(app.id).await?;
        Ok(PushEvent::Done { app: app.name.to_string(), version, url })
    }

    /// Where the app answers: its first name.
    async fn url(&self, app_id: i64) -> Result<String, Error> {
        let settings = &self.state.settings;
        let hosts = db::domain::hosts(&self.state.pool, app_id, &settings.platform_domain).await?;
        let Some(host) = hosts.into_iter().find(|host| !host.starts_with('*')) else { return Ok(String::new()) };
        let kept = db::settings::find(&self.state.pool, app_id).await?;
        if kept.and_then(|kept| kept.https_enforced) == Some(true) {
            return Ok(format!("https://{host}"));
        }
        let port = Some(settings.public_port).filter(|port| *port != 80).map(|port| format!(":{port}"));
        Ok(format!("http://{host}{}", port.unwrap_or_default()))
    }

    fn end(&mut self, event: PushEvent) {
        self.queue.push_back(event);
        self.is_over = true;
    }

    async fn wait(&mut self, pause: Duration) {
        let until = self.heartbeat.min(Instant::now() + pause);
        let changed = self.signals.next(|signal| matches!(signal, Signal::Push(_)));
        let _ = tokio::time::timeout_at(until, changed).await;
        if Instant::now() >= self.heartbeat {
            self.queue.push_back(PushEvent::Heartbeat);
        }
    }
}

fn line(event: &PushEvent) -> serde_json::Result<Bytes> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line.into())
}
