//! Builds: what became of each, as far as anybody has asked.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use api::sandbox::{BuildOrder, BuildState, BuildView, BuiltImage, LOG_CHUNK};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{script::Script, world::World};

/// What a build of a commit does.
#[derive(Clone, Debug)]
pub struct BuildScript {
    /// What it writes, at its start.
    pub writes: String,
    /// How long it takes.
    pub takes: Duration,
    /// What it makes, or why there is no image.
    pub makes: Result<Script, String>,
    /// Process types that it finds, and their commands.
    pub types: BTreeMap<String, String>,
}

impl BuildScript {
    /// Makes a web server at once.
    #[must_use]
    pub fn serves(port: u16) -> Self {
        Self {
            writes: "-----> Building\n".to_owned(),
            takes: Duration::ZERO,
            makes: Ok(Script::serves(port)),
            types: [("web".to_owned(), "serve".to_owned())].into(),
        }
    }

    /// Runs until it is cancelled, or given another script.
    #[must_use]
    pub fn endless() -> Self {
        Self { takes: Duration::MAX, ..Self::serves(5000) }
    }

    /// Fails at once.
    #[must_use]
    pub fn fails(reason: &str) -> Self {
        Self { makes: Err(reason.to_owned()), ..Self::serves(5000) }
    }
}

/// All builds.
#[derive(Default)]
pub(super) struct Builds {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, BuildScript>,
    builds: HashMap<Uuid, Build>,
    begun: usize,
    most: usize,
}

struct Build {
    order: BuildOrder,
    began: Instant,
    ended: Option<BuildState>,
}

impl Builds {
    pub(super) fn script(&self, sha: &str, script: BuildScript) {
        self.state().scripts.insert(sha.to_owned(), script);
    }

    pub(super) fn begin(&self, world: &World, order: &BuildOrder) {
        let mut state = self.state();
        state.settle(world);
        if state.builds.contains_key(&order.build) {
            return;
        }
        let build = Build { order: order.clone(), began: Instant::now(), ended: None };
        state.builds.insert(order.build, build);
        state.begun += 1;
        let running = state.builds.values().filter(|build| build.ended.is_none()).count();
        state.most = state.most.max(running);
    }

    pub(super) fn look(&self, world: &World, build: Uuid, from: u64) -> BuildView {
        let mut state = self.state();
        state.settle(world);
        let Some(found) = state.builds.get(&build) else {
            return BuildView { state: BuildState::Unknown, log: String::new(), next: 0 };
        };
        let text = state.script_of(&found.order.sha).writes;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(text.len());
        let log: String = text[from..].chars().take(LOG_CHUNK).collect();
        BuildView {
            state: found.ended.clone().unwrap_or(BuildState::Running),
            next: u64::try_from(from + log.len()).unwrap_or(u64::MAX),
            log,
        }
    }

    pub(super) fn cancel(&self, world: &World, build: Uuid) {
        let mut state = self.state();
        state.settle(world);
        if let Some(build) = state.builds.get_mut(&build) {
            build.ended.get_or_insert(BuildState::Cancelled);
        }
    }

    pub(super) fn forget(&self, build: Uuid) {
        self.state().builds.remove(&build);
    }

    pub(super) fn forget_app(&self, app: Uuid) {
        self.state().builds.retain(|_, build| build.order.app != app);
    }

    /// The orders of the builds that are known.
    pub(super) fn known(&self) -> Vec<BuildOrder> {
        self.state().builds.values().map(|build| build.order.clone()).collect()
    }

    /// How many were begun, and how many ran at a time at most.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.begun, state.most)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn script_of(&self, sha: &str) -> BuildScript {
        self.scripts.get(sha).cloned().unwrap_or_else(|| BuildScript::serves(5000))
    }

    /// Ends what has run for as long as its script says.
    fn settle(&mut self, world: &World) {
        let scripts = self.scripts.clone();
        for build in self.builds.values_mut().filter(|build| build.ended.is_none()) {
            let script = scripts.get(&build.order.sha).cloned().unwrap_or_else(|| BuildScript::serves(5000));
            if build.began.elapsed() >= script.takes {
                build.ended = Some(outcome(world, &build.order, script));
            }
        }
    }
}

fn outcome(world: &World, order: &BuildOrder, script: BuildScript) -> BuildState {
    match script.makes {
        Err(reason) => BuildState::Failed { reason },
        Ok(mut image) => {
            // What starts the processes of a buildpack's image.
            image.commands.entry("/runner/init".to_owned()).or_insert(0);
            let digest = hex::encode(Sha256::digest(order.build.as_bytes()));
            let reference = format!("registry.internal:5000/app-{}@sha256:{digest}", order.app.simple());
            world.image(&reference, image);
            BuildState::Built(BuiltImage { reference, types: script.types })
        }
    }
}
