//! The one way a release comes to be: an operation's patch, merged into the latest good release of the moment.

use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{
    BuildPatch, Patch,
    announce::announce,
    create::short,
    formation::{self, Shape},
    merge, port, summary,
};
use crate::{
    db::{
        self,
        app::{App, Structure},
        build::{Build, NewBuild},
        config::Document,
        event::Level,
        lease::{HoldError, Lease},
        operation::Operation,
        release::{NewRelease, Release, Resolved, State as ReleaseState},
        signal::{Signal, notify},
    },
    error::{Answer, Error},
    hook::Announcement,
    state::State,
    vault::Place,
};

/// A build's image as the platform resolved it.
#[derive(Clone, Debug)]
pub struct Image {
    /// What the platform runs.
    pub reference: String,
    /// Lowest port it exposes.
    pub port: Option<u16>,
}

/// Why no release was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// Somebody else acts for the app now; it is theirs to do.
    #[error(transparent)]
    Lost(#[from] HoldError),
    /// The client is answered this, and no number was consumed.
    #[error(transparent)]
    Refused(#[from] Error),
}

impl From<sqlx::Error> for MakeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Refused(error.into())
    }
}

/// Reads what an operation asks for.
pub fn open(state: &State, app: &App, operation: &Operation) -> anyhow::Result<Patch> {
    let plain = state.vault.open(Place { app: app.uuid, row: operation.uuid }, &operation.patch)?;
    Ok(serde_json::from_slice(&plain)?)
}

/// Makes the operation's release: pending when there is something to roll out, else good at once, and the operation
/// done with it. `image` is the resolved image of a [`Patch::Build`].
pub async fn make(
    state: &State,
    lease: Lease,
    operation: &Operation,
    patch: &Patch,
    image: Option<Image>,
) -> Result<(), MakeError> {
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, lease).await?;
    let app = db::app::get(&mut *tx, lease.app_id).await?.filter(|app| !app.destroyed).ok_or(Error::Missing("App"))?;
    let mut maker = Maker { state, operation, base: Base::load(state, &mut tx, &app).await?, app, tx };
    let draft = match patch {
        Patch::Build(patch) => maker.build(patch, image).await?,
        Patch::Config(patch) => maker.config(patch).await?,
        Patch::Rollback { version } => maker.rollback(*version).await?,
    };
    maker.finish(draft).await?;
    Ok(())
}

/// Ends an operation that made no release. One that did goes on, although whoever made it was not told: a connection that
/// broke may have brought the commit to the database.
pub async fn refuse(state: &State, lease: Lease, operation: &Operation, error: &Error) -> Result<(), HoldError> {
    let mut tx = db::begin(&state.pool).await?;
    db::lease::hold(&mut tx, lease).await?;
    let open = db::operation::current(&mut *tx, lease.app_id).await?;
    if open.is_none_or(|open| open.id != operation.id || open.release_id.is_some()) {
        return Ok(());
    }
    db::operation::fail(&mut *tx, operation.id, &Answer::from(error)).await?;
    db::event::add(&mut *tx, lease.app_id, Level::Error, &error.to_string()).await?;
    notify(&mut *tx, Signal::Operation(operation.id)).await?;
    Ok(db::commit(tx).await?)
}

/// The latest good release.
struct Base {
    release: Release,
    document: Document,
    build: Option<Build>,
}

impl Base {
    async fn load(state: &State, tx: &mut Transaction<'_, Postgres>, app: &App) -> Result<Self, Error> {
        let release = db::release::latest_good(&mut **tx, app.id).await?.ok_or(Error::Missing("Release"))?;
        Self::of(state, tx, app, release).await
    }

    async fn of(state: &State, tx: &mut Transaction<'_, Postgres>, app: &App, release: Release) -> Result<Self, Error> {
        let document = db::config::get(&mut **tx, release.config_id).await?.open(&state.vault, app.uuid)?;
        let build = match release.build_id {
            Some(id) => Some(db::build::get(&mut **tx, id).await?),
            None => None,
        };
        Ok(Self { release, document, build })
    }
}

/// What the new release is to say.
struct Draft {
    build: Option<Build>,
    config_id: i64,
    document: Document,
    summary: String,
}

struct Maker<'a> {
    state: &'a State,
    operation: &'a Operation,
    app: App,
    base: Base,
    tx: Transaction<'static, Postgres>,
}

impl Maker<'_> {
    async fn build(&mut self, patch: &BuildPatch, image: Option<Image>) -> Result<Draft, Error> {
        let image = image.ok_or_else(|| anyhow::anyhow!("a build without a resolved image"))?;
        let uuid = patch.built.as_ref().map_or_else(Uuid::now_v7, |built| built.build);
        let new = NewBuild {
            uuid,
            app_id: self.app.id,
            user_id: self.operation.user_id,
            image_given: patch.image.as_str(),
            image_ref: &image.reference,
            image_port: image.port,
            sha: &patch.sha,
            procfile: &patch.procfile,
            dockerfile: &patch.dockerfile,
        };
        let id = db::build::insert(&mut *self.tx, new).await?;
        let build = db::build::get(&mut *self.tx, id).await?;
        self.log(&format!("build {}-{} created", self.app.name, short(uuid))).await?;
        let what = if patch.sha.is_empty() { patch.image.as_str() } else { patch.sha.get(..7).unwrap_or(&patch.sha) };
        Ok(Draft {
            build: Some(build),
            config_id: self.base.release.config_id,
            document: self.base.document.clone(),
            summary: format!("{} deployed {what}", self.operation.username),
        })
    }

    async fn config(&mut self, patch: &api::types::ConfigPatch) -> Result<Draft, Error> {
        let mut document = merge::merge(&self.base.document, patch)?;
        if document.tags.is_empty() {
            document.tags.clone_from(&self.state.settings.default_tags);
        }
        let user = &self.operation.username;
        let summary = summary::of_config(user, &self.base.document, &document)
            .ok_or_else(|| Error::Conflict(format!("{user} changed nothing - release stopped")))?;
        check_tags(&self.state.settings.machine_labels, &self.base.document, &document)?;
        let place = (self.app.id, self.app.uuid);
        let config_id =
            db::config::insert(&mut *self.tx, &self.state.vault, place, self.operation.user_id, &document).await?;
        let config = db::config::get(&mut *self.tx, config_id).await?;
        self.log(&format!("config {}-{} updated", self.app.name, short(config.uuid))).await?;
        Ok(Draft { build: self.base.build.clone(), config_id, document, summary })
    }

    async fn rollback(&mut self, version: Option<i64>) -> Result<Draft, Error> {
        let version = version.unwrap_or(i64::from(self.base.release.version) - 1);
        let refused = |text: &str| Err(Error::BadRequest(text.to_owned()));
        let number = match u32::try_from(version) {
            Err(_) | Ok(0) => return refused("version cannot be below 0"),
            Ok(1) => return refused("Cannot roll back to initial release."),
            Ok(number) => number,
        };
        let Some(target) = db::release::find(&mut *self.tx, self.app.id, number).await? else {
            return refused("Release matching query does not exist.");
        };
        if target.state == ReleaseState::Failed {
            return refused("Cannot roll back to failed release.");
        }
        let target = Base::of(self.state, &mut self.tx, &self.app, target).await?;
        if target.build.as_ref().is_some_and(|build| build.image_dropped) {
            return refused(&format!(
                "The image of v{number} is gone: only the last {} releases can be rolled back to. Deploy it again.",
                db::build::KEPT
            ));
        }
        let summary = format!("{} rolled back to v{number}", self.operation.username);
        Ok(Draft { build: target.build, config_id: target.release.config_id, document: target.document, summary })
    }

    async fn finish(mut self, draft: Draft) -> Result<(), Error> {
        let structure = self.structure(&draft).await?;
        let resolved = self.resolve(&draft, &structure).await?;
        let state = if draft.build.is_some() { ReleaseState::Pending } else { ReleaseState::Good };
        let version = db::release::next_version(&mut *self.tx, self.app.id).await?;
        let release = NewRelease {
            app_id: self.app.id,
            version,
            user_id: self.operation.user_id,
            build_id: draft.build.as_ref().map(|build| build.id),
            config_id: draft.config_id,
            resolved: &resolved,
            summary: &draft.summary,
            state,
        };
        let release_id = db::release::insert(&mut *self.tx, release).await?;
        self.log(&draft.summary).await?;
        self.announce(version, &draft).await?;
        db::operation::set_release(&mut *self.tx, self.operation.id, release_id).await?;
        if state == ReleaseState::Good {
            self.log("No build associated with this release to publish").await?;
            db::operation::finish(&mut *self.tx, self.operation.id).await?;
            notify(&mut *self.tx, Signal::Operation(self.operation.id)).await?;
        }
        db::app::touch(&mut *self.tx, self.app.id).await?;
        Ok(db::commit(self.tx).await?)
    }

    async fn announce(&mut self, version: u32, draft: &Draft) -> Result<(), Error> {
        let announcement = Announcement {
            app: &self.app.name,
            version,
            summary: &draft.summary,
            sha: draft.build.as_ref().map_or("", |build| &build.sha),
            user: &self.operation.username,
        };
        Ok(announce(&mut self.tx, &self.state.settings.deploy_hooks, self.app.id, announcement).await?)
    }

    /// The formation that the release will be rolled out with; it becomes the app's only when that has succeeded.
    async fn structure(&mut self, draft: &Draft) -> Result<Structure, Error> {
        let now = db::app::lock_structure(&mut *self.tx, self.app.id).await?.unwrap_or_default();
        let Some(new) = &draft.build else { return Ok(now) };
        Ok(formation::after_build(&now, self.base.build.as_ref().map(Shape::from), Shape::from(new)))
    }

    async fn resolve(&mut self, draft: &Draft, structure: &Structure) -> Result<Resolved, Error> {
        let Some(build) = &draft.build else { return Ok(Resolved::default()) };
        let routable = db::settings::find(&mut *self.tx, self.app.id).await?.is_none_or(|settings| settings.routable);
        let services = db::service::list(&mut *self.tx, self.app.id).await?;
        let mut routed = services.iter().map(|(name, _)| name.clone()).chain([formation::routed_type(structure)]);
        let serves = routable && routed.any(|name| structure.get(&name).is_some_and(|count| *count > 0));
        let number = |key: &str| draft.document.value(key).and_then(|text| text.parse().ok()).filter(|n| *n > 0);
        let settings = &self.state.settings;
        Ok(Resolved {
            port: port::resolve(build, &draft.document, serves)?,
            batch: number("DEIS_DEPLOY_BATCHES").unwrap_or(settings.deploy_batches),
            deploy_timeout: number("DEIS_DEPLOY_TIMEOUT").unwrap_or(settings.deploy_timeout),
            app: None,
        })
    }

    async fn log(&mut self, text: &str) -> Result<(), Error> {
        Ok(db::event::add(&mut *self.tx, self.app.id, Level::Info, text).await?)
    }
}

/// Some machine must bear all tags; on one machine it is this one.
fn check_tags(
    labels: &std::collections::BTreeMap<String, String>,
    old: &Document,
    new: &Document,
) -> Result<(), Error> {
    let list = |tags: Vec<(&String, &String)>| {
        tags.into_iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
    };
    if old.tags == new.tags || new.tags.iter().all(|(key, value)| labels.get(key) == Some(value)) {
        return Ok(());
    }
    let added: Vec<_> = new.tags.iter().filter(|(key, value)| old.tags.get(*key) != Some(value)).collect();
    let mut text = format!("No nodes matched the provided labels: {}", list(new.tags.iter().collect()));
    if !old.tags.is_empty() && !added.is_empty() {
        text = format!("{text} - Addition of {} is the cause", list(added));
    }
    Err(Error::BadRequest(text))
}
