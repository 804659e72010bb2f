//! `slipway build-runner`: runs one build from its order to its outcome, whatever becomes of the supervisor meanwhile.
//!
//! First a sandbox with a network makes the image; then a second one, which reaches nothing but the app's own repository
//! through [`gateway`], pushes it. What a sandbox wrote is a stranger's word and read as such.

mod gateway;
mod log;
mod network;
pub(super) mod root;
pub mod sandbox;
mod seed;
pub(super) mod spec;
mod watch;

use std::{
    fs::{self, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use self::{
    log::Log,
    network::Link,
    sandbox::{Ending, Sandbox},
    watch::{Stop, Watch},
};
use anyhow::{Context, Result, bail, ensure};
use api::sandbox::{BuildOrder, BuildState, BuiltImage};
use builder::build::{BuildJob, DIGEST_LONGEST, Job, Made, OUTCOME_LONGEST, layout};
use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{disk, record::Record, registry, settings::Settings, sweep};
use crate::standalone::files::{self, Owner};

/// What a runner is told on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What to build.
    pub order: BuildOrder,
    /// With what.
    pub settings: Settings,
}

/// How long a build waits for the end of one of the same app that was cancelled.
const PREDECESSOR: Duration = Duration::from_secs(30);
/// Seconds for a push to the registry on the same machine.
const PUSH_SECONDS: u64 = 300;

/// Reads the order and carries it out. The outcome is in the record; an error is for the journal.
pub async fn run() -> Result<()> {
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    // The error would show a part of the text, which has secrets.
    let Order { order, settings } = serde_json::from_slice(&text).ok().context("the order of a build is damaged")?;
    drop(text);
    let record = Record::of(&settings, order.build);
    let mut log = Log::open(&record.log())?;
    let runner = Runner { settings: &settings, order: &order, record: &record };
    let state = match runner.build(&mut log).await {
        Ok(state) => state,
        Err(error) => BuildState::Failed { reason: one_line(&format!("{error:#}")) },
    };
    match &state {
        BuildState::Failed { reason } => log.fail(reason)?,
        _ => log.finish()?,
    }
    let cleared = sweep::clear(&settings, order.build, &record);
    record.end(&state)?;
    disk::keep_budget(&settings).await?;
    cleared
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Runner<'a> {
    settings: &'a Settings,
    order: &'a BuildOrder,
    record: &'a Record,
}

impl Runner<'_> {
    async fn build(&self, log: &mut Log) -> Result<BuildState> {
        let app = self.settings.app(self.order.app);
        root::ensure_caches(&app)?;
        let Some(_lock) = self.caches(&app).await? else { return Ok(BuildState::Cancelled) };
        let scratch = self.record.scratch();
        let work = root::prepare(&scratch, &self.settings.name_servers)?;
        self.take_source(&scratch)?;

        match self.make(log, &scratch, &app).await? {
            Ending::Exit(Some(0)) => {}
            ending => return Ok(self.failed(ending, log)),
        }
        let made = read(&work.join("outcome.json"), OUTCOME_LONGEST).context("the build left no outcome")?;
        let made = Made::parse(&made).context("the build left a damaged outcome")?;
        match self.push(log, &scratch, &app).await? {
            Ending::Exit(Some(0)) => {}
            ending => return Ok(self.failed(ending, log)),
        }
        let text = read(&work.join("digest"), DIGEST_LONGEST).context("the registry gave no digest")?;
        let repository = Settings::repository(self.order.app);
        let reference = format!("{}/{repository}@{}", self.settings.registry, registry::digest(&text)?);
        Ok(BuildState::Built(BuiltImage { reference, types: made.types }))
    }

    /// The lock on the app's caches; `None` when the build was cancelled meanwhile.
    async fn caches(&self, app: &Path) -> Result<Option<fs::File>> {
        let free = async {
            loop {
                match disk::lock(app)? {
                    Some(lock) => return anyhow::Ok(Some(lock)),
                    None if self.record.is_cancelled() => return Ok(None),
                    None => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        tokio::time::timeout(PREDECESSOR, free)
            .await
            .context("another build of this app does not end; push again later")?
    }

    /// Copies the source: the controller's file is nobody else's to read, and may change.
    fn take_source(&self, scratch: &Path) -> Result<()> {
        let path = self.settings.sources.join(format!("{}.tar", self.order.build));
        root::hand_over(&path, &scratch.join("source.tar")).context("the source is not there")
    }

    async fn make(&self, log: &mut Log, scratch: &Path, app: &Path) -> Result<Ending> {
        let limits = &self.settings.limits;
        let sandbox = Sandbox::new(sandbox::BUILD, self.order.build, self.settings, scratch)
            .bind(&app.join("store"), "/store", true)
            .bind(&app.join("cache"), "/cache", true)
            .bind(&self.settings.stacks, "/stacks", false)
            .bind(&scratch.join("source.tar"), "/source.tar", false);
        let sandbox = match &self.settings.buildpacks {
            Some(folder) => sandbox.bind(folder, "/buildpacks", false),
            None => sandbox,
        };
        let job = Job::Build(Box::new(BuildJob {
            kind: self.order.kind,
            sha: self.order.sha.clone(),
            request: self.order.build.to_string(),
            env: self.order.env.clone(),
            proxy: self.settings.proxy.clone(),
            stack: self.settings.stack.clone(),
        }));
        let link = if self.settings.connected { Some(Link::take(self.settings)?) } else { None };
        let watch = self.watch(scratch, app, limits.seconds)?;
        let connect = async |pid| link.as_ref().map_or(Ok(()), |link| link.connect(pid));
        sandbox.run(&job, connect, log, watch).await
    }

    async fn push(&self, log: &mut Log, scratch: &Path, app: &Path) -> Result<Ending> {
        // Without it the first push of an app takes longer; that is all.
        if let Err(error) = seed::ensure(self.settings, self.order.build, scratch, &app.join("blobs")).await {
            tracing::warn!(error = format!("{error:#}"), "cannot push the stack image for all apps");
        }
        let sandbox = Sandbox::new(sandbox::PUSH, self.order.build, self.settings, scratch)
            .bind(&app.join("store"), "/store", true)
            .bind(&app.join("blobs"), "/var/lib/containers/cache", true)
            .bind(&self.settings.stacks, "/stacks", false);
        let repository = Settings::repository(self.order.app);
        let job = gateway::push_job(layout::IMAGE, &repository);
        let watch = self.watch(scratch, app, PUSH_SECONDS)?;
        let connect = async |pid| gateway::open(pid, self.settings, &repository).await;
        sandbox.run(&job, connect, log, watch).await
    }

    fn watch(&self, scratch: &Path, app: &Path, seconds: u64) -> Result<Watch> {
        let folders = vec![scratch.to_owned(), app.join("store"), app.join("cache")];
        Watch::begin(self.record.clone(), folders, self.settings.limits.disk, seconds)
    }

    fn failed(&self, ending: Ending, log: &Log) -> BuildState {
        let limits = &self.settings.limits;
        let megabytes = |bytes: u64| bytes >> 20;
        let reason = match ending {
            Ending::Stopped(Stop::Cancelled) => return BuildState::Cancelled,
            Ending::Stopped(Stop::Time) => {
                format!("The build took longer than {} seconds and was ended.", limits.seconds)
            }
            Ending::Stopped(Stop::Disk) => {
                format!(
                    "The build wrote more than {} MiB to disk, the app's cache with it, and was ended. To begin with an empty cache: \
                     mycli config:set DEIS_DISABLE_CACHE=1, then push again.",
                    megabytes(limits.disk)
                )
            }
            Ending::Stopped(Stop::Full) => {
                "The disk of the machine is nearly full: the build was ended. Tell the operator, then push again."
                    .to_owned()
            }
            Ending::OutOfMemory => {
                format!("The build needed more than {} MiB of memory.", megabytes(limits.memory))
            }
            Ending::Exit(_) => match log.last_error() {
                Some(reason) => reason.to_owned(),
                None => "The build failed.".to_owned(),
            },
        };
        BuildState::Failed { reason }
    }
}

/// Makes or lists stack images, in the shared store; answers what was said.
pub async fn stack(settings: &Settings, id: Uuid, job: &Job, tar: Option<&Path>, network: bool) -> Result<String> {
    for path in [&settings.builds, &settings.run] {
        files::ensure_folder(path, Owner::ROOT, 0o711)?;
    }
    if let Err(error) = sweep::stacks(settings) {
        // A sandbox that is still ending is cleared by whoever looks next, and keeps nobody from their work.
        tracing::warn!(error = format!("{error:#}"), "what a killed `slipway stack` left is not cleared yet");
    }
    let record = Record::of_stack(settings, id);
    let _alive = {
        let _lock = sweep::lock_stacks(settings)?;
        files::ensure_folder(record.folder(), Owner::ROOT, 0o711)?;
        record.mark().claim()?
    };
    let result = stack_in(settings, id, job, tar, network, &record).await;
    disk::remove(record.folder())?;
    result
}

async fn stack_in(
    settings: &Settings,
    id: Uuid,
    job: &Job,
    tar: Option<&Path>,
    network: bool,
    record: &Record,
) -> Result<String> {
    let scratch = record.scratch();
    root::ensure_store(&settings.stacks)?;
    root::prepare(&scratch, &settings.name_servers)?;
    let source = scratch.join("source.tar");
    if let Some(tar) = tar {
        root::hand_over(tar, &source)?;
    }
    let sandbox = Sandbox::new(sandbox::STACK, id, settings, &scratch).bind(&settings.stacks, "/store", true);
    let sandbox = if tar.is_some() { sandbox.bind(&source, "/source.tar", false) } else { sandbox };
    let mut log = Log::open(&record.log())?;
    let watch = Watch::begin(record.clone(), vec![scratch.clone()], settings.limits.disk, settings.limits.seconds)?;
    let link = if network { Some(Link::take(settings)?) } else { None };
    let connect = async |pid| link.as_ref().map_or(Ok(()), |link| link.connect(pid));
    let ending = sandbox.run(job, connect, &mut log, watch).await;
    log.finish()?;
    let said = fs::read_to_string(record.log())?;
    let ending = ending.with_context(|| said.trim().to_owned())?;
    if ending != Ending::Exit(Some(0)) {
        bail!("{}", log.last_error().unwrap_or("it was ended: too little disk or memory, or too much time"));
    }
    Ok(said)
}

/// Reads a short file that a sandbox wrote: never through a link, never something else than a file.
fn read(path: &Path, longest: u64) -> Result<String> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    ensure!(metadata.is_file(), "it is no file");
    if metadata.len() > longest {
        bail!("it is too long");
    }
    let mut text = String::new();
    file.take(longest).read_to_string(&mut text)?;
    Ok(text)
}
