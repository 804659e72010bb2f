//! Drains as their receivers see them: everything arrives, in its order, from one controller, whoever dies meanwhile.

mod delivery;
mod limits;
mod receiver;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use api::names::ProcessType;
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use self::receiver::{Authority, Receiver};
use super::*;
use crate::{
    db::drain::Mark,
    logs::{self, Line, Source},
    pulse::Pulse,
    signals::Signals,
    state::Shared,
    worker::tests::{PATIENCE, Story, url_of},
};

/// An installation with one app, and its lines.
struct World {
    story: Story,
    app: db::app::App,
    next: AtomicI64,
}

impl World {
    async fn begin(pool: PgPool) -> Self {
        let story = Story::begin(pool).await;
        let app = story.app_named("blog").await;
        Self { story, app, next: AtomicI64::new(0) }
    }

    fn pool(&self) -> &PgPool {
        &self.story.state.pool
    }

    /// Adds a drain that begins with what is stored next.
    async fn drain(&self, url: &str) -> Uuid {
        let (state, app) = (&self.story.state, &self.app);
        let sequence = state.logs.end(app.uuid).unwrap();
        let mut tx = db::begin(&state.pool).await.unwrap();
        let url = DrainUrl::parse(url).unwrap();
        let drain = db::drain::insert(&mut *tx, &state.vault, Some(app.id), &url).await.unwrap();
        let event_id = event::newest(&mut *tx, app.id).await.unwrap();
        db::drain::put_marks(&mut tx, drain.id, &[(app.id, Mark { sequence, event_id })].into()).await.unwrap();
        db::signal::notify(&mut *tx, Signal::Drains).await.unwrap();
        db::commit(tx).await.unwrap();
        drain.uuid
    }

    /// Another controller of the same installation.
    fn controller(&self) -> State {
        let (state, stop) = (&self.story.state, self.story.stop.clone());
        State::new(Shared {
            pulse: Pulse::feel(state.pool.clone(), stop.clone()),
            collector: logs::Collector::new(state.logs.clone(), state.platform.clone()),
            logs: state.logs.clone(),
            pool: state.pool.clone(),
            vault: state.vault.clone(),
            platform: state.platform.clone(),
            signals: Signals::start(Some(url_of(&state.pool)), stop),
            installation: state.installation.clone(),
            sessions: TaskTracker::new(),
            process: Uuid::now_v7(),
            settings: state.settings.clone(),
        })
    }

    /// A controller sends. Aborted, it is killed; cancelled, it stops.
    fn send(&self, outside: Outside) -> (JoinHandle<()>, CancellationToken) {
        let stop = self.story.stop.child_token();
        (tokio::spawn(send(self.controller(), Arc::new(outside), Platform::default(), stop.clone())), stop)
    }

    /// The app writes so many lines: `line <number> <padding>`.
    async fn write(&self, count: i64, padding: &str) {
        let (store, app) = (self.story.state.logs.clone(), self.app.uuid);
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let lines: Vec<_> = (first..first + count).map(|n| line(n, padding)).collect();
        tokio::task::spawn_blocking(move || store.append(app, &lines).unwrap()).await.unwrap();
    }

    /// Waits until what is kept of the only drain is so.
    async fn until(&self, what: &str, check: impl Fn(&Drain) -> bool) -> Drain {
        let deadline = Instant::now() + PATIENCE * 3;
        let mut ticks = interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let drains = db::drain::live(self.pool(), &self.story.state.vault).await.unwrap();
            match drains.into_iter().next() {
                Some(drain) if check(&drain) => return drain,
                drain => assert!(Instant::now() < deadline, "never: {what}: {drain:?}"),
            }
        }
    }
}

/// Lets drains of apps reach this machine.
fn home() -> Outside {
    Outside::new(&["127.0.0.1/32".parse().unwrap()], None)
}

/// The same, and believes an authority more.
fn trusting(authority: &Authority) -> Outside {
    let mut outside = home();
    outside.roots = authority.roots();
    outside
}

fn line(number: i64, padding: &str) -> Line {
    let source =
        Source { instance: "blog-web-3f9a1c07-1vxqg".to_owned(), process_type: ProcessType::web(), version: 3 };
    let at = chrono::DateTime::from_timestamp_nanos(1_714_557_600_000_000_000 + number);
    Line { at, source, text: format!("line {number} {padding}") }
}

/// The numbers of the lines in these messages, in the order in which they came.
fn numbers(messages: &[String]) -> Vec<i64> {
    let number = |message: &String| message.split_once("- - line ")?.1.split(' ').next()?.parse().ok();
    messages.iter().filter_map(number).collect()
}
