//! Drains: what apps write is sent on, to where their users or the operator want it.
//!
//! One controller sends for all drains, under one lease. It follows the segment store by the sequence of its lines, one
//! task a drain, so that a receiver that stands still holds up neither others nor the log, and costs no memory: lines wait
//! in the log, and are counted when the log has no more room for them. While there are no drains, nothing runs here.

mod feed;
mod link;
mod message;
mod outside;
mod platform;
mod post;
mod sender;
mod syslog;

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use anyhow::Result;
use api::names::DrainUrl;
use tokio::{
    sync::{broadcast, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use uuid::Uuid;

use self::{
    feed::{Feed, Hints, View},
    link::Link,
    outside::{Outside, Trust},
    platform::Platform,
    sender::{Sender, Work},
};
use crate::{
    db::{
        self,
        drain::Drain,
        drain_sender::{self, Lease},
        event,
        lease::RENEWAL,
        signal::Signal,
    },
    lease::Held,
    state::{Settings, State},
};

/// Between two looks at drains, apps and the controller's lines.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at the logs of all apps while another process may write them.
const SWEEP: Duration = Duration::from_secs(10);
/// Between two looks for a first drain that nobody told of.
const IDLE: Duration = Duration::from_secs(10);
/// Time in which the tasks of drains end.
const FAREWELL: Duration = Duration::from_secs(10);

/// Why an app's drain may not lead there, as far as that can be told without looking up its name.
pub fn refusal(settings: &Settings, url: &DrainUrl) -> Option<&'static str> {
    let address: IpAddr = url.host().parse().ok()?;
    outside(settings).refusal(address)
}

fn outside(settings: &Settings) -> Outside {
    Outside::new(&settings.drain_networks, settings.network_pool)
}

/// Sends until `shutdown`.
pub async fn run(state: State, shutdown: CancellationToken) {
    let outside = Arc::new(outside(&state.settings));
    let platform = Platform::new(state.settings.drains_file.clone());
    send(state, outside, platform, shutdown).await;
}

async fn send(state: State, outside: Arc<Outside>, mut platform: Platform, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        platform.look().await;
        if !platform.any() && !matches!(db::drain::any(&state.pool).await, Ok(true)) {
            shutdown.run_until_cancelled(idle(&state)).await;
            continue;
        }
        match drain_sender::acquire(&state.pool, state.process).await {
            Ok(Some((lease, until))) => {
                let held = Held::keep(&state, lease, until);
                Hub::new(&state, &outside, &held).run(&mut platform, &shutdown).await;
                held.release(&state).await;
            }
            // Somebody else does it, or the database is away.
            Ok(None) | Err(_) => drop(shutdown.run_until_cancelled(tokio::time::sleep(RENEWAL)).await),
        }
    }
}

/// Until somebody may have added a drain.
async fn idle(state: &State) {
    let mut signals = state.signals.subscribe();
    let deadline = Instant::now() + IDLE;
    while Instant::now() < deadline {
        let patience = deadline.saturating_duration_since(Instant::now());
        if signals.recv(patience).await.is_none_or(|signal| signal == Signal::Drains) {
            return;
        }
    }
}

/// What the holder of the lease knows.
struct Hub<'a> {
    state: &'a State,
    outside: &'a Arc<Outside>,
    held: &'a Held<Lease>,
    view: watch::Sender<Arc<View>>,
    tasks: HashMap<i64, Task>,
    /// The last of the controller's lines that was told of.
    event_id: Option<i64>,
    /// Apps by their uuids.
    ids: HashMap<Uuid, i64>,
}

/// A drain's.
struct Task {
    app_id: Option<i64>,
    hints: Arc<Hints>,
    stop: CancellationToken,
    handle: AbortOnDropHandle<()>,
}

impl<'a> Hub<'a> {
    fn new(state: &'a State, outside: &'a Arc<Outside>, held: &'a Held<Lease>) -> Self {
        let view = watch::Sender::new(Arc::default());
        Self { state, outside, held, view, tasks: HashMap::new(), event_id: None, ids: HashMap::new() }
    }

    /// Runs a task for each drain, until there is none any more, or the lease is lost, or `shutdown`.
    async fn run(mut self, platform: &mut Platform, shutdown: &CancellationToken) {
        let lost = self.held.lost();
        let mut appended = self.state.logs.appended();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep = Instant::now() + SWEEP;
        let mut is_ours = false;
        platform.begin();
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                () = lost.cancelled() => break,
                _ = looks.tick() => {
                    platform.look().await;
                    match self.look(platform).await {
                        Ok(()) if self.tasks.is_empty() && !platform.any() => break,
                        Ok(()) => {}
                        Err(error) => tracing::debug!(error = format!("{error:#}"), "drains are as they were"),
                    }
                }
                () = sleep_until(sweep) => {
                    // Of what this process writes it is told; of what others wrote before, once more.
                    let was_ours = std::mem::replace(&mut is_ours, self.state.logs.writes());
                    if !(was_ours && is_ours) {
                        self.tell_all();
                    }
                    sweep = Instant::now() + SWEEP;
                }
                app = appended.recv() => match app {
                    Ok(app) => self.tell(self.ids.get(&app).copied()),
                    Err(broadcast::error::RecvError::Lagged(_)) => self.tell_all(),
                    // The store is the state's, which we have.
                    Err(broadcast::error::RecvError::Closed) => break,
                }
            }
        }
        // Whoever has the lease now does the rest.
        if !lost.is_cancelled() {
            self.end().await;
        }
    }

    /// Everything but the lines of apps.
    async fn look(&mut self, platform: &mut Platform) -> Result<()> {
        let (pool, lease) = (&self.state.pool, self.held.lease);
        platform.settle(self.state, lease).await?;
        let drains = db::drain::live(pool, &self.state.vault).await?;
        let apps = db::drain::apps(pool).await?;
        self.ids = apps.iter().map(|(id, uuid, _)| (*uuid, *id)).collect();
        let apps = apps.into_iter().map(|(id, uuid, name)| (id, (uuid, name))).collect();
        let until = event::settled(pool).await?;
        self.view.send_replace(Arc::new(View { apps, until }));
        let told = match self.event_id {
            Some(event_id) => event::told(pool, event_id, until).await?,
            // Each task looks at everything when it begins.
            None => vec![(0, event::newest_of_all(pool, until).await?)],
        };
        self.event_id = told.iter().map(|(_, last)| *last).chain(self.event_id).max();
        for (app_id, _) in told {
            self.tell(Some(app_id));
        }
        self.begin(drains).await
    }

    /// Begins with drains that are new, and ends with those that are gone.
    async fn begin(&mut self, drains: Vec<Drain>) -> Result<()> {
        let is_there = |id: &i64| drains.iter().any(|drain| drain.id == *id);
        let gone: Vec<i64> = self.tasks.keys().filter(|id| !is_there(id)).copied().collect();
        for id in gone {
            // Nobody waits for what is left: nothing is to be sent there.
            self.tasks.remove(&id);
        }
        for drain in drains {
            let Some(url) = drain.url.clone().filter(|_| !self.tasks.contains_key(&drain.id)) else { continue };
            let marks = db::drain::marks(&self.state.pool, drain.id).await?;
            self.start(drain, url, marks);
        }
        Ok(())
    }

    fn start(
        &mut self,
        drain: Drain,
        url: DrainUrl,
        marks: HashMap<i64, (db::drain::Mark, chrono::DateTime<chrono::Utc>)>,
    ) {
        let (app_id, id, hints, stop) = (drain.app_id, drain.id, Arc::<Hints>::default(), CancellationToken::new());
        let trust = if app_id.is_some() { Trust::App } else { Trust::Operator };
        let sender = Sender {
            state: self.state.clone(),
            lease: self.held.lease,
            feed: Feed::new(self.state.clone(), self.view.subscribe(), Arc::clone(&hints), marks),
            link: Link::new(url.clone(), drain.uuid, trust, Arc::clone(self.outside)),
            hints: Arc::clone(&hints),
            work: Work::default(),
            drain,
            url,
        };
        hints.tell(self.apps_of(app_id));
        let handle = AbortOnDropHandle::new(tokio::spawn(sender.run(stop.clone())));
        self.tasks.insert(id, Task { app_id, hints, stop, handle });
    }

    fn apps_of(&self, app_id: Option<i64>) -> Vec<i64> {
        app_id.map_or_else(|| self.ids.values().copied().collect(), |id| vec![id])
    }

    fn tell(&self, app_id: Option<i64>) {
        let Some(app_id) = app_id else { return };
        for task in self.tasks.values().filter(|task| task.app_id.is_none_or(|id| id == app_id)) {
            task.hints.tell([app_id]);
        }
    }

    fn tell_all(&self) {
        for task in self.tasks.values() {
            task.hints.tell(self.apps_of(task.app_id));
        }
    }

    /// Lets the tasks keep what they did.
    async fn end(self) {
        for task in self.tasks.values() {
            task.stop.cancel();
        }
        let deadline = Instant::now() + FAREWELL;
        for task in self.tasks.into_values() {
            let _ = timeout(deadline.saturating_duration_since(Instant::now()), task.handle).await;
        }
    }
}

#[cfg(test)]
mod tests;
