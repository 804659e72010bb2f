//! What a router is told, line by line.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use api::routes::{HEARTBEAT_SECS, RouteEvent};
use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::time::Instant;

use crate::{
    db::{self, route::Route, signal::Signal},
    signals::Waiter,
    state::State,
};

const HEARTBEAT: Duration = Duration::from_secs(HEARTBEAT_SECS);

/// The stream for a router that stands at (`epoch`, `after`). It ends when the database cannot be asked; the router
/// keeps what it has and connects again.
pub fn events(state: State, epoch: i64, after: i64) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
    let resumed = epoch == state.installation.routes_epoch && after > 0;
    let teller = Teller {
        signals: state.signals.subscribe(),
        position: if resumed { after } else { 0 },
        greeted: false,
        resumed,
        queue: VecDeque::new(),
        heartbeat: Instant::now() + HEARTBEAT,
        state,
    };
    stream::unfold(teller, |mut teller| async move {
        let line = teller.next().await?;
        Some((Ok(line), teller))
    })
}

struct Teller {
    state: State,
    signals: Waiter,
    /// Newest version told.
    position: i64,
    greeted: bool,
    /// What the router has is continued, not replaced.
    resumed: bool,
    queue: VecDeque<RouteEvent>,
    heartbeat: Instant,
}

impl Teller {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                self.heartbeat = Instant::now() + HEARTBEAT;
                return encode(&event);
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "the route stream ends: the database cannot be asked");
                return None;
            }
            if self.queue.is_empty() {
                self.wait().await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), sqlx::Error> {
        let first = !self.greeted;
        let snapshot = first && !self.resumed;
        // Read before the routes: what is committed in between is told twice rather than never.
        let version = db::route::version(&self.state.pool).await?;
        let mut routes = db::route::after(&self.state.pool, self.position).await?;
        equip(&self.state, &mut routes).await?;
        if first {
            self.greeted = true;
            let installation = self.state.installation.uuid;
            self.queue.push_back(RouteEvent::Hello {
                installation,
                epoch: self.state.installation.routes_epoch,
                snapshot,
            });
        }
        let newest = routes.last().map_or(self.position, |route| route.version);
        let gone = routes.iter().filter(|route| route.routes.is_none()).map(|route| route.app).collect();
        self.queue.extend(routes.into_iter().filter(|route| !snapshot || route.routes.is_some()).map(event));
        self.position = newest.max(self.position);
        if snapshot {
            self.position = self.position.max(version);
            self.queue.push_back(RouteEvent::SnapshotEnd { version: self.position, gone });
        }
        Ok(())
    }

    async fn wait(&mut self) {
        let changed = self.signals.next(|signal| signal == Signal::Routes);
        let _ = tokio::time::timeout_at(self.heartbeat, changed).await;
        if Instant::now() >= self.heartbeat {
            self.queue.push_back(RouteEvent::Heartbeat { version: self.position });
        }
    }
}

/// Puts the certificates in, which are not kept in the routes.
async fn equip(state: &State, routes: &mut [Route]) -> Result<(), sqlx::Error> {
    let apps = routes.iter_mut().filter_map(|route| route.routes.as_mut());
    let served: Vec<_> = apps.flat_map(|app| &mut app.certificates).collect();
    if served.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = served.iter().map(|served| served.certificate).collect();
    let pairs = db::certificate::pairs(&state.pool, &state.vault, &ids).await?;
    for served in served {
        served.pair = pairs.get(&served.certificate).cloned();
    }
    Ok(())
}

fn event(route: Route) -> RouteEvent {
    let Route { app, version, routes } = route;
    match routes {
        Some(app) => RouteEvent::App { version, app },
        None => RouteEvent::Gone { version, app },
    }
}

fn encode(event: &RouteEvent) -> Option<Bytes> {
    let mut line = serde_json::to_vec(event).ok()?;
    line.push(b'\n');
    Some(line.into())
}
