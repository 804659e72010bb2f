//! One push under its lease: from its turn in the queue to its end.

use std::{collections::BTreeMap, time::Duration};

use api::sandbox::{BuildOrder, BuildState, BuiltImage};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    deploy::{patch, words},
    log::LOOK,
    source,
};
use crate::{
    db::{
        self,
        app::App,
        event::Level,
        lease::HoldError,
        operation::Status,
        push::{Push, State as PushState},
        push_queue::{self, Lease},
        signal::{Signal, notify},
    },
    error::Error,
    lease::Held,
    operation::{self, Actor, create::short},
    platform::{self, Action},
    signals::{POLL, Waiter},
    state::State,
    workload,
};

/// Time until the next try after one that could not be made.
const RETRY: Duration = Duration::from_secs(1);
/// For how long a platform is asked in vain to take a build on.
const PATIENCE: Duration = Duration::from_mins(2);

/// Works until the push is over, the lease is lost or the controller stops.
pub async fn work(state: &State, held: Held<Lease>, shutdown: &CancellationToken) {
    let (lost, signals) = (held.lost(), state.signals.subscribe());
    let mut job = Job { state, held, signals, from: 0, stalled_since: None };
    while !shutdown.is_cancelled() && !lost.is_cancelled() {
        let wait = match job.step().await {
            Ok(Next::Over) | Err(JobError::Lost(HoldError::Lost)) => break,
            Ok(Next::Again) => continue,
            Ok(Next::Wait(pause)) => pause,
            Err(error) => {
                tracing::warn!(error = ?anyhow::Error::from(error), build = %job.held.lease.uuid, "trying again");
                RETRY
            }
        };
        tokio::select! {
            () = job.news(wait) => {}
            () = shutdown.cancelled() => {}
            () = lost.cancelled() => {}
        }
    }
    job.held.release(state).await;
}

struct Job<'a> {
    state: &'a State,
    held: Held<Lease>,
    signals: Waiter,
    /// Offset in the log behind what was seen, which is not asked for again.
    from: u64,
    /// Since when the platform has not taken the build on.
    stalled_since: Option<Instant>,
}

enum Next {
    /// Something was done; look at once.
    Again,
    /// Something is on its way.
    Wait(Duration),
    /// Nothing is left to do.
    Over,
}

/// Why a step was cut short. The next one begins anew.
#[derive(Debug, thiserror::Error)]
enum JobError {
    /// Somebody else works on the push.
    #[error(transparent)]
    Lost(#[from] HoldError),
    /// The platform cannot be reached.
    #[error("the platform did not do its part in a build")]
    Platform(#[source] platform::Error),
    /// Something is wrong with us or the database.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        Self::Other(error.into())
    }
}

type Step = Result<Next, JobError>;

/// How a push ends without a release that runs.
struct End<'a> {
    state: PushState,
    reason: &'a str,
}

impl Job<'_> {
    async fn news(&mut self, wait: Duration) {
        let matters = |signal| matches!(signal, Signal::Push(_) | Signal::Operation(_));
        let _ = tokio::time::timeout(wait, self.signals.next(matters)).await;
    }

    async fn step(&mut self) -> Step {
        let Some(push) = db::push::find(&self.state.pool, self.held.lease.uuid).await? else { return Ok(Next::Over) };
        let Some(app) = db::app::get(&self.state.pool, push.app_id).await? else { return Ok(Next::Over) };
        match push.state {
            PushState::Building if push.cancel_requested || app.destroyed => self.cancel(&push, &app).await,
            PushState::Building if push.overdue => self.give_up(&push, &app).await,
            PushState::Building => self.build(&push, &app).await,
            PushState::Deploying => self.deploy(&push, &app).await,
            PushState::Queued | PushState::Done | PushState::Failed | PushState::Cancelled => Ok(Next::Over),
        }
    }

    async fn build(&mut self, push: &Push, app: &App) -> Step {
        let seen = match self.look(push).await {
            Err(JobError::Platform(error)) if !push.begun => return self.stalled(push, app, error).await,
            seen => seen?,
        };
        match seen {
            BuildState::Unknown if push.begun => {
                self.fail(push, app, "The build was lost: nothing is known of it any more. Push again.").await
            }
            BuildState::Unknown => self.begin(push, app).await,
            BuildState::Running if push.begun => Ok(Next::Wait(LOOK)),
            BuildState::Running => self.mark_begun(push).await,
            BuildState::Built(image) => self.built(push, app, &image).await,
            BuildState::Failed { reason } => self.fail(push, app, &reason).await,
            BuildState::Cancelled => self.cancelled(push, app).await,
        }
    }

    /// What the build does. What it wrote is passed over: readers ask for it themselves.
    async fn look(&mut self, push: &Push) -> Result<BuildState, JobError> {
        let view = self.held.within(self.state.platform.look_build(push.uuid, self.from)).await?;
        let view = view.map_err(JobError::Platform)?;
        if !view.log.is_empty() {
            self.from = view.next;
        }
        Ok(view.state)
    }

    async fn begin(&mut self, push: &Push, app: &App) -> Step {
        let order = self.order(push, app).await?;
        match self.held.within(self.state.platform.begin_build(&workload::app_ref(app), &order)).await? {
            Ok(()) => self.mark_begun(push).await,
            Err(platform::Error::Rejected(reason)) => self.fail(push, app, &reason).await,
            Err(error) => self.stalled(push, app, error).await,
        }
    }

    async fn order(&self, push: &Push, app: &App) -> Result<BuildOrder, JobError> {
        let env = match db::release::latest_good(&self.state.pool, app.id).await? {
            Some(release) => {
                let config = db::config::get(&self.state.pool, release.config_id).await?;
                config.open(&self.state.vault, app.uuid)?.values
            }
            None => BTreeMap::default(),
        };
        let env = env.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
        Ok(BuildOrder { build: push.uuid, app: app.uuid, kind: push.kind, sha: push.sha.clone(), env })
    }

    async fn mark_begun(&mut self, push: &Push) -> Step {
        let mut tx = db::begin(&self.state.pool).await?;
        push_queue::hold(&mut tx, self.held.lease).await?;
        db::push::mark_begun(&mut *tx, push.id).await?;
        db::commit(tx).await?;
        Ok(Next::Again)
    }

    /// A platform that takes no build on is waited for a while: nobody waits without end, nor holds up the others.
    async fn stalled(&mut self, push: &Push, app: &App, error: platform::Error) -> Step {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if since.elapsed() < PATIENCE {
            return Err(JobError::Platform(error));
        }
        let reason = "The part of the platform that builds does not answer. Nothing was changed. Push again later.";
        self.fail(push, app, reason).await
    }

    /// Submits the change that deploys the image, once.
    async fn built(&mut self, push: &Push, app: &App, image: &BuiltImage) -> Step {
        let patch = match patch(push, app, image) {
            Ok(patch) => patch,
            Err(reason) => {
                self.discard(app, &image.reference).await;
                return self.fail(push, app, &reason).await;
            }
        };
        let actor = Actor { user_id: push.user_id, username: push.username.clone() };
        let mut tx = db::begin(&self.state.pool).await?;
        // In the order in which the end of an app takes them.
        db::app::lock_structure(&mut *tx, app.id).await?;
        if push_queue::hold(&mut tx, self.held.lease).await? {
            return Ok(Next::Again);
        }
        let operation = match operation::submit_in(&mut tx, &self.state.vault, app, &actor, &patch).await {
            Ok(operation) => operation,
            // Its queue is full, or it was destroyed just now.
            Err(Error::TooMany { .. }) => return Ok(Next::Wait(RETRY)),
            Err(error) => return Err(JobError::Other(error.into())),
        };
        db::push::deploy(&mut *tx, push.id, &image.reference, operation).await?;
        notify(&mut *tx, Signal::Push(push.id)).await?;
        db::commit(tx).await?;
        source::remove(self.state, push.uuid);
        Ok(Next::Again)
    }

    async fn deploy(&mut self, push: &Push, app: &App) -> Step {
        let status = match push.operation_id {
            Some(operation) => db::operation::status(&self.state.pool, operation).await?,
            None => None,
        };
        match status {
            Some(Status::Open) => Ok(Next::Wait(POLL)),
            Some(Status::Done(release)) => {
                let release = db::release::get(&self.state.pool, release).await?;
                self.done(push, release.version).await
            }
            Some(Status::Failed(answer)) if app.destroyed => {
                self.end(push, app, End { state: PushState::Cancelled, reason: &words(&answer) }).await
            }
            Some(Status::Failed(answer)) => self.fail(push, app, &words(&answer)).await,
            None => {
                self.fail(push, app, "What became of the deploy is not known any more; see the app's releases.").await
            }
        }
    }

    async fn done(&mut self, push: &Push, version: u32) -> Step {
        let mut tx = db::begin(&self.state.pool).await?;
        push_queue::hold(&mut tx, self.held.lease).await?;
        let version = i32::try_from(version).ok();
        db::push::end(&mut *tx, push.id, PushState::Done, version, None).await?;
        notify(&mut *tx, Signal::Push(push.id)).await?;
        db::commit(tx).await?;
        Ok(Next::Over)
    }

    async fn cancel(&mut self, push: &Push, app: &App) -> Step {
        match self.held.within(self.state.platform.cancel_build(push.uuid)).await? {
            // A platform that knows no such build has none that runs.
            Ok(()) | Err(platform::Error::Rejected(_) | platform::Error::Gone) => {}
            Err(error) => return Err(JobError::Platform(error)),
        }
        match self.look(push).await? {
            BuildState::Running => Ok(Next::Wait(LOOK)),
            BuildState::Built(image) => {
                self.discard(app, &image.reference).await;
                self.cancelled(push, app).await
            }
            BuildState::Unknown | BuildState::Failed { .. } | BuildState::Cancelled => self.cancelled(push, app).await,
        }
    }

    async fn cancelled(&mut self, push: &Push, app: &App) -> Step {
        let reason = push.reason.as_deref().unwrap_or("The build was cancelled.");
        self.end(push, app, End { state: PushState::Cancelled, reason }).await
    }

    async fn give_up(&mut self, push: &Push, app: &App) -> Step {
        let ended = self.held.within(self.state.platform.cancel_build(push.uuid)).await?;
        if let Err(error) = ended {
            tracing::warn!(%error, build = %push.uuid, "a build that takes too long cannot be ended");
        }
        self.fail(push, app, "The build took too long, and was ended.").await
    }

    async fn fail(&mut self, push: &Push, app: &App, reason: &str) -> Step {
        if let Some(reference) = &push.image_ref {
            self.discard(app, reference).await;
        }
        self.end(push, app, End { state: PushState::Failed, reason }).await
    }

    async fn end(&mut self, push: &Push, app: &App, end: End<'_>) -> Step {
        let mut tx = db::begin(&self.state.pool).await?;
        push_queue::hold(&mut tx, self.held.lease).await?;
        db::push::end(&mut *tx, push.id, end.state, None, Some(end.reason)).await?;
        if push.operation_id.is_none() {
            // What a deploy fails of, its own lines tell.
            let level = if end.state == PushState::Failed { Level::Error } else { Level::Info };
            for line in end.reason.lines() {
                let text = format!("build {}-{} {}: {line}", app.name, short(push.uuid), end.state.as_str());
                db::event::add(&mut *tx, app.id, level, &text).await?;
            }
        }
        notify(&mut *tx, Signal::Push(push.id)).await?;
        notify(&mut *tx, Signal::App(app.id)).await?;
        db::commit(tx).await?;
        source::remove(self.state, push.uuid);
        Ok(Next::Over)
    }

    /// Gives up an image that no release came of. Should that fail, it goes with the app at the latest.
    async fn discard(&self, app: &App, reference: &str) {
        let needed = db::build::images(&self.state.pool, app.id).await;
        let is_nobodys = needed.is_ok_and(|images| images.iter().all(|image| image != reference));
        if app.destroyed || !is_nobodys {
            return;
        }
        let action = Action::ForgetImage { reference: reference.to_owned() };
        let forgotten = self.held.within(self.state.platform.apply(&workload::app_ref(app), &action)).await;
        if !matches!(forgotten, Ok(Ok(()))) {
            tracing::warn!(app = app.id, "an image that nothing came of stays");
        }
    }
}
