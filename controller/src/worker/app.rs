//! One app under its lease: starts what waits in its queue, reconciles, and ends operations.

use std::time::Duration;

use tokio::{sync::Notify, time::Instant};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::outcome;
use crate::{
    db::{self, app::App, lease::HoldError, operation::Operation},
    error::Error,
    lease::Held,
    operation::{BuildPatch, Patch, release},
    outage,
    platform::{self, ImageRequest},
    reconcile::{self, Progress, TickError},
    state::State,
    workload,
};

/// Time between two looks while something is on its way and nothing is heard.
const LOOK: Duration = Duration::from_millis(250);
/// Time until the next try after one that could not be made.
const RETRY: Duration = Duration::from_secs(1);
/// Tries at the lease of an app that somebody else holds, before the next signal or sweep.
const PATIENCE: u32 = 15;

/// Works until nothing is left to do, the lease is lost or the controller stops.
pub async fn look_after(state: &State, id: i64, notify: &Notify, shutdown: &CancellationToken) {
    for _ in 0..PATIENCE {
        match Held::acquire(state, id).await {
            Ok(Some(held)) => {
                return AppWorker { state, held, preparing: None, stalled_since: None }.run(notify, shutdown).await;
            }
            Ok(None) if !exists(state, id).await => return,
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, app = id, "an app's lease cannot be asked for; trying again"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
            return;
        }
    }
}

async fn exists(state: &State, id: i64) -> bool {
    db::app::get(&state.pool, id).await.is_ok_and(|app| app.is_some())
}

struct AppWorker<'a> {
    state: &'a State,
    held: Held,
    preparing: Option<Preparing>,
    /// Since when the platform has not taken the steps it was asked to.
    stalled_since: Option<Instant>,
}

/// An image on its way, beside everything else.
struct Preparing {
    operation: i64,
    task: AbortOnDropHandle<Result<release::Image, Error>>,
}

impl AppWorker<'_> {
    async fn run(mut self, notify: &Notify, shutdown: &CancellationToken) {
        let lost = self.held.lost();
        while !shutdown.is_cancelled() && !lost.is_cancelled() {
            let wait = match self.step().await {
                Ok(Next::Done) | Err(TickError::Lost(HoldError::Lost)) => break,
                Ok(Next::Again) => continue,
                Ok(Next::Wait) => LOOK,
                Err(error) => {
                    tracing::warn!(error = ?anyhow::Error::from(error), app = self.held.lease.app_id, "trying again");
                    RETRY
                }
            };
            tokio::select! {
                () = notify.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => {}
                () = lost.cancelled() => {}
            }
        }
        self.held.release(self.state).await;
    }

    async fn step(&mut self) -> Result<Next, TickError> {
        let app_id = self.held.lease.app_id;
        db::run::end_abandoned(&self.state.pool, app_id, false).await?;
        let Some(app) = db::app::get(&self.state.pool, app_id).await? else { return Ok(Next::Done) };
        let operation = db::operation::current(&self.state.pool, app_id).await?.filter(|_| !app.destroyed);
        match &operation {
            Some(operation) if operation.release_id.is_none() => {
                if self.begin(&app, operation).await? {
                    self.stalled_since = None;
                    return Ok(Next::Again);
                }
            }
            Some(_) | None => self.preparing = None,
        }
        if app.destroyed {
            db::run::end_abandoned(&self.state.pool, app_id, true).await?;
        }
        let progress = match reconcile::tick(self.state, &self.held).await {
            Ok(None) => return Ok(Next::Done),
            Ok(Some(progress)) => progress,
            Err(TickError::Refused(reason)) => return self.refused(&app, operation.as_ref(), &reason).await,
            Err(TickError::Platform(error)) => return self.stalled(&app, operation.as_ref(), error).await,
            Err(error) => return Err(error),
        };
        self.stalled_since = None;
        if let Some(operation) = operation.as_ref().filter(|operation| operation.release_id.is_some()) {
            if outcome::settle(self.state, &self.held, &app, operation, &progress).await? {
                return Ok(Next::Again);
            }
            return Ok(Next::Wait);
        }
        Ok(if progress == Progress::Settled && operation.is_none() { Next::Done } else { Next::Wait })
    }

    async fn refused(&self, app: &App, operation: Option<&Operation>, reason: &str) -> Result<Next, TickError> {
        if let Some(operation) = operation.filter(|operation| operation.release_id.is_some())
            && outcome::fail_release(self.state, &self.held, app, operation, reason).await?
        {
            return Ok(Next::Again);
        }
        Err(TickError::Platform(platform::Error::Rejected(reason.to_owned())))
    }

    /// A platform that takes no step is waited for as long as an instance that does not come up: nobody waits for the
    /// outcome of a deploy without end.
    async fn stalled(
        &mut self,
        app: &App,
        operation: Option<&Operation>,
        error: platform::Error,
    ) -> Result<Next, TickError> {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        if let Some(operation) = operation
            && outcome::abandon(self.state, &self.held, app, operation, since.elapsed(), &error).await?
        {
            return Ok(Next::Again);
        }
        Err(TickError::Platform(error))
    }

    /// Takes an operation towards its release. True when it has one now, or was refused.
    async fn begin(&mut self, app: &App, operation: &Operation) -> Result<bool, TickError> {
        let patch = release::open(self.state, app, operation)?;
        if operation.started_at.is_none() {
            self.start(operation).await?;
        }
        let image = match &patch {
            Patch::Build(build) => match self.image(app, operation, build).await? {
                None => return Ok(false),
                Some(Ok(image)) => Some(image),
                Some(Err(error)) => {
                    release::refuse(self.state, self.held.lease, operation, &error).await?;
                    return Ok(true);
                }
            },
            Patch::Config(_) | Patch::Rollback { .. } => None,
        };
        let prepared = image.as_ref().map(|image| image.reference.clone());
        match self.make(operation, &patch, image).await {
            Ok(()) => {}
            Err(release::MakeError::Lost(error)) => return Err(error.into()),
            Err(release::MakeError::Refused(error)) => {
                release::refuse(self.state, self.held.lease, operation, &error).await?;
                if let Some(reference) = prepared {
                    reconcile::discard_image(self.state, &self.held, app, reference).await?;
                }
            }
        }
        Ok(true)
    }

    async fn start(&self, operation: &Operation) -> Result<(), TickError> {
        let mut tx = db::begin(&self.state.pool).await?;
        db::lease::hold(&mut tx, self.held.lease).await?;
        db::operation::start(&mut *tx, operation.id).await?;
        Ok(db::commit(tx).await?)
    }

    /// Makes the operation's release, while there is a platform to roll it out on.
    async fn make(
        &self,
        operation: &Operation,
        patch: &Patch,
        image: Option<release::Image>,
    ) -> Result<(), release::MakeError> {
        outage::require_platform(self.state).await?;
        release::make(self.state, self.held.lease, operation, patch, image).await
    }

    /// The resolved image, once it is there.
    async fn image(
        &mut self,
        app: &App,
        operation: &Operation,
        build: &BuildPatch,
    ) -> Result<Option<Result<release::Image, Error>>, TickError> {
        let preparing = match self.preparing.take().filter(|preparing| preparing.operation == operation.id) {
            Some(preparing) => preparing,
            None => self.prepare(app, operation, build).await?,
        };
        if !preparing.task.is_finished() {
            self.preparing = Some(preparing);
            return Ok(None);
        }
        Ok(Some(preparing.task.await.unwrap_or_else(|error| Err(Error::Internal(error.into())))))
    }

    async fn prepare(&self, app: &App, operation: &Operation, build: &BuildPatch) -> Result<Preparing, TickError> {
        let login = match db::release::latest_good(&self.state.pool, app.id).await? {
            Some(release) => {
                let config = db::config::get(&self.state.pool, release.config_id).await?;
                workload::registry_login(&config.open(&self.state.vault, app.uuid)?)
            }
            None => Ok(None),
        };
        let (app, image) = (workload::app_ref(app), build.image.clone());
        let reference = build.built.as_ref().map(|built| built.reference.clone());
        let platform = self.state.platform.clone();
        let task = tokio::spawn(async move {
            // What we built is fetched as ourselves, whatever is wrong with the app's own login.
            let login = if reference.is_some() { None } else { login? };
            let request = ImageRequest { app, image, login, built: reference };
            let image = platform.prepare_image(&request).await.map_err(outage::unchanged)?;
            Ok(release::Image { reference: image.reference, port: image.ports.first().copied() })
        });
        Ok(Preparing { operation: operation.id, task: AbortOnDropHandle::new(task) })
    }
}

enum Next {
    /// Something was done; look at once.
    Again,
    /// Something is on its way.
    Wait,
    /// Nothing is left to do.
    Done,
}
